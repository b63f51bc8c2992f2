"""Stripe's webhook."""

from __future__ import annotations

import structlog
from flask import request
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.billing import stripe_events
from webapp.billing.views.room import blueprint
from webapp.billing.webhooks import BadEvent, verify_event
from webapp.web import csrf

log = structlog.get_logger()


@blueprint.post("/stripe/webhook")
@allow(Open.MACHINE)
@csrf.exempt  # type: ignore[untyped-decorator]
def webhook() -> ResponseReturnValue:
    """Verify, keep, answer: what an event means is worked out by a job."""
    try:
        event = verify_event(request.get_data(), request.headers.get("Stripe-Signature"))
    except BadEvent as reason:
        log.warning("stripe.webhook_refused", reason=str(reason), address=request.remote_addr)
        return "", 400
    stripe_events.receive(event)
    return "", 200
