"""What the pages of paying share: the engagement behind a signed link, and the page around."""

from __future__ import annotations

import uuid

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.access import unsign
from webapp.billing.buying.order import Order
from webapp.billing.buying.selling import takes_debits, taxed
from webapp.billing.models import Checkout
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.views import start

UNSIGNED = frozenset({"enquiry", "intro_call", "proposal", "parked"})


def behind(token: str) -> Engagement:
    """The engagement that a signed link is about; 404 for any other link."""
    hold_id = uuid.UUID(unsign("start", token))
    engagement = session.scalar(select(Engagement).where(Engagement.hold_id == hold_id))
    return engagement or abort(404)


def elsewhere(engagement: Engagement, token: str) -> ResponseReturnValue | None:
    """Where to go when this engagement is not waiting to be paid; None when it is."""
    if engagement.stage == "signed" and not engagement.settles_by:
        return None
    if engagement.stage in UNSIGNED:
        return redirect(url_for("engagements.agreement", token=token), 303)
    return redirect(url_for("billing.done", token=token), 303)


def summary(page: str, engagement: Engagement, token: str, **values: object) -> str:
    """A page of paying, beside what is bought; `values` are the page's own."""
    context = start.page_context(engagement.hold, token, "Payment", engagement.time_zone, True)
    order = Order.of(engagement)
    paying = {
        "plus_tax": taxed(),
        "takes_debits": takes_debits(engagement),
        "asked": _asked(engagement, order),
        "net_days": engagement.company.net_days if engagement.company else None,
    }
    return render_template(
        f"billing/{page}.html", engagement=engagement, order=order, **context | paying | values
    )


def _asked(engagement: Engagement, order: Order) -> Checkout | None:
    """The latest attempt, where Stripe has said how much tax is due on this very order."""
    latest = Checkout.latest(engagement)
    known = latest and latest.tax and latest.total_minor == order.total.minor + latest.tax.minor
    return latest if known else None
