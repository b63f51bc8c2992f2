"""The inbox of Stripe events, with what became of each."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.access import FIRM, allow
from webapp.billing.models import StripeEvent
from webapp.firm.views.room import blueprint
from webapp.paging import paged


@blueprint.get("/stripe-events")
@allow(FIRM)
def stripe_events() -> ResponseReturnValue:
    rows = select(StripeEvent).order_by(StripeEvent.received_at.desc(), StripeEvent.id)
    return render_template("firm/stripe_events.html", page=paged(rows))
