"""Back from Checkout: thank you, still waiting, or the money goes back."""

from __future__ import annotations

import structlog
from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.billing import mirroring
from webapp.billing.buying.next_steps import next_steps
from webapp.billing.buying.order import Order
from webapp.billing.buying.selling import taxed
from webapp.billing.models import AccountPurchase, Checkout, Invoice
from webapp.billing.patience import patience
from webapp.billing.views.link import UNSIGNED, behind, summary
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.views import start
from webapp.outbox import RetryLater

log = structlog.get_logger()

LOOK_SECONDS = 8.0
SLOWEST_LOOK = 20


@blueprint.get("/start/<token>/done")
@allow(Open.LINK)
def done(token: str) -> ResponseReturnValue:
    """Thank you: right whether the webhook or the browser comes first, since both sync alike."""
    engagement = behind(token)
    paying = engagement.stage == "signed" and look(engagement)
    if engagement.stage in UNSIGNED or (engagement.stage == "signed" and not paying):
        return redirect(url_for("billing.pay", token=token), 303)
    return PAGES[outcome(engagement)](engagement, token)


def thanks(engagement: Engagement, token: str) -> ResponseReturnValue:
    purchase = AccountPurchase.of(engagement)
    purchase = purchase if purchase and purchase.state != "void" else None
    days = purchase.net_days if purchase else None
    following = next_steps(engagement, Order.of(engagement), days, taxed())
    paid = Invoice.paid_of(engagement)
    billed = paid[0] if paid and not purchase else None
    return summary(
        "thanks",
        engagement,
        token,
        invoices=paid,
        billed=billed,
        following=following,
        purchase=purchase,
    )


def pending(engagement: Engagement, token: str) -> ResponseReturnValue:
    """The page asks again by itself, ever more slowly."""
    looks = request.args.get("looks", 0, type=int) + 1
    pause = max(2, min(2 * looks, SLOWEST_LOOK))
    return summary("pending", engagement, token, looks=looks, pause=pause)


def debited(engagement: Engagement, token: str) -> ResponseReturnValue:
    """A bank debit takes days; nothing on this page changes until the bank has decided."""
    return summary("debited", engagement, token, checkout=Checkout.latest(engagement))


def refunded(engagement: Engagement, token: str) -> ResponseReturnValue:
    return summary("refunded", engagement, token, invoices=Invoice.paid_of(engagement))


def lapsed(engagement: Engagement, token: str) -> ResponseReturnValue:
    return start.past_booking(engagement, token) or abort(404)


PAGES = {
    "thanks": thanks,
    "pending": pending,
    "debited": debited,
    "refunded": refunded,
    "lapsed": lapsed,
}


def look(engagement: Engagement) -> bool:
    """Sync the latest attempt; whether it was, or may have been, paid.

    In a savepoint: when Stripe cannot be asked now, nothing is kept by halves.
    """
    checkout = Checkout.latest(engagement)
    if checkout is None or checkout.stripe_id is None:
        return False
    try:
        with patience(LOOK_SECONDS), session.begin_nested():
            mirroring.locked(engagement.id)
            found = mirroring.sync_checkout(engagement, checkout.stripe_id)
    except RetryLater as reason:
        log.warning("checkout.not_synced", reason=str(reason))
        return True
    return found.status == "complete" and checkout.state != "expired"


def outcome(engagement: Engagement) -> str:
    """Which page tells how it went."""
    if engagement.stage == "signed":
        return "debited" if engagement.settles_by else "pending"
    if engagement.stage == "lost":
        return "refunded" if Invoice.paid_of(engagement) else "lapsed"
    return "thanks"
