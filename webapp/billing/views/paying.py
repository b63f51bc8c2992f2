"""The order summary and the way to Checkout."""

from __future__ import annotations

import structlog
from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.billing.buying.opening import open_checkout
from webapp.billing.models import Invoice
from webapp.billing.views.link import behind, elsewhere, summary
from webapp.billing.views.room import blueprint
from webapp.booking.models import SlotTaken
from webapp.engagements.views import start
from webapp.outbox import RetryLater

log = structlog.get_logger()


@blueprint.get("/start/<token>/pay")
@allow(Open.LINK)
def pay(token: str) -> ResponseReturnValue:
    """The order summary with its one button."""
    engagement = behind(token)
    return elsewhere(engagement, token) or summary("pay", engagement, token)


@blueprint.post("/start/<token>/pay")
@allow(Open.LINK)
def go_to_checkout(token: str) -> ResponseReturnValue:
    engagement = behind(token)
    moved = elsewhere(engagement, token)
    if moved:
        return moved
    held, wanted = Invoice.currency_of(engagement.company_id), engagement.terms.currency
    if held and held != wanted:
        return summary("other_currency", engagement, token, held=held), 409
    try:
        url = open_checkout(engagement.id, token)
    except RetryLater as reason:
        log.warning("checkout.unavailable", reason=str(reason))
        return summary("unavailable", engagement, token), 503, {"Retry-After": "30"}
    except SlotTaken as lost:
        more = start.alternatives(lost, engagement.time_zone)
        return summary("slot_gone", engagement, token, **more), 409
    return redirect(url or url_for("billing.done", token=token), 303)


@blueprint.get("/start/<token>/left")
@allow(Open.LINK)
def left(token: str) -> ResponseReturnValue:
    """Where Checkout's way back leads: nothing is lost, and nothing was charged."""
    engagement = behind(token)
    return elsewhere(engagement, token) or summary("left", engagement, token)
