"""The way to Stripe's customer portal."""

from __future__ import annotations

import uuid

import structlog
from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import audit, db
from webapp.access import Role, allow
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import portal as portal_calls
from webapp.billing.models import Customer
from webapp.billing.patience import patience
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater
from webapp.web import absolute_url

log = structlog.get_logger()


@blueprint.post("/billing/portal")
@allow(Role.SPONSOR, Role.BILLING)
def portal() -> ResponseReturnValue:
    """To Stripe's portal, where the card and the billing details are changed."""
    company_id = own_company(request.form.get("engagement", ""))
    customer = Customer.of(company_id) or abort(404)
    stripe_id, back = customer.stripe_id, absolute_url("billing.client_billing")
    audit.record("portal.opened", customer)
    try:
        with patience():
            url = db.attempt(
                lambda: portal_calls.open_session(stripe_id, back), lambda found: found
            )
    except (RetryLater, gateway.Missing) as reason:
        log.warning("portal.unavailable", reason=str(reason))
        return render_template("billing/portal_unavailable.html"), 503
    return redirect(url, 303)


def own_company(engagement_id: str) -> uuid.UUID | None:
    """The company of an engagement that the viewer pays or decides for; 404 for any other."""
    try:
        wanted = Engagement.id == uuid.UUID(engagement_id)
    except ValueError:
        abort(404)
    engagement = session.scalar(Engagement.visible_to(current_user).where(wanted)) or abort(404)
    held = {(row.company_id, row.role) for row in current_user.memberships}
    if not held & {(engagement.company_id, role) for role in (Role.SPONSOR, Role.BILLING)}:
        abort(404)
    return engagement.company_id
