"""What a payment sets off: the engagement begins, or its money goes back."""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy import select

from webapp import audit, outbox
from webapp.billing import balance
from webapp.billing import stripe_gateway as gateway
from webapp.billing.buying.order import Order
from webapp.billing.calls import checkout as checkout_calls
from webapp.billing.calls import invoices, refunds, subscriptions
from webapp.billing.models import Checkout, Invoice, Refund, Subscription
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.objects.refund import StripeRefund
from webapp.billing.returning import refunding
from webapp.booking.models import SlotTaken
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp

SLOT_LOST, CANCELLED = "slot_lost", "cancelled"
LABELS = {SLOT_LOST: "The kick-off’s time was lost", CANCELLED: "Cancelled before the kick-off"}
KEPT = ("Cancelled late, before invoice {number} was paid, which is void now: by the policy "
        "{share} of it stays owed. Bill it as a one-off item, or let it be.")  # fmt: skip
log = structlog.get_logger()


def settle(engagement: Engagement) -> None:
    """Take the step that what we know of the payment calls for; the lock is the caller's.

    Safe to call at any time: a step taken is not taken again.
    """
    if engagement.stage in {"signed", "lost"} and _paid(engagement):
        _begin(engagement)
    elif engagement.called_off_at and Invoice.open_of(engagement):
        outbox.enqueue_again("billing.drop_owed", engagement.id)


def _paid(engagement: Engagement) -> bool:
    """By Checkout, or by invoices that come to what the order asks for."""
    complete = select(Checkout.id).filter_by(engagement_id=engagement.id, state="complete")
    paid = sum(invoice.total_minor for invoice in Invoice.paid_of(engagement))
    return bool(session.scalar(complete.limit(1)) or _enough(engagement, paid))


def _enough(engagement: Engagement, paid_minor: int) -> bool:
    return paid_minor > 0 and paid_minor >= Order.of(engagement).total.minor


def _begin(engagement: Engagement) -> None:
    try:
        with session.begin_nested():
            engagement.begin_onboarding()
    except SlotTaken:
        _slot_lost(engagement)


def _slot_lost(engagement: Engagement) -> None:
    """Paid, but the kick-off's time or capacity went to somebody else meanwhile."""
    if engagement.stage == "signed":
        engagement.advance("lost", None, "Paid after the kick-off's time was lost")
        engagement.hold.release()
        audit.record("payment.slot_lost", engagement)
    give_back(engagement, 100, SLOT_LOST)
    if Invoice.paid_of(engagement):
        outbox.enqueue("billing.tell_slot_lost", engagement.id)


def give_back(engagement: Engagement, percent: int, reason: str) -> None:
    """Give that share of all that was paid back, by money and by credit of before, once for the
    reason; end the subscription, and ask for nothing that is still open."""
    for invoice in Invoice.paid_of(engagement):
        refunding.give_back(invoice, percent, reason, LABELS[reason])
    mirror = Subscription.of(engagement)
    if mirror and not mirror.over:
        outbox.enqueue("billing.cancel_subscription", mirror.stripe_id)
    outbox.enqueue_again("billing.drop_owed", engagement.id)


def settle_cancellation(engagement: Engagement) -> None:
    """Cancelled before the kick-off: refund by the policy shown at booking, once, and say so."""
    if engagement.stage != "ended":
        return
    give_back(engagement, engagement.refund_percent(), CANCELLED)
    _ask_about_the_rest(engagement)
    outbox.enqueue("billing.tell_cancellation", engagement.id)


def _ask_about_the_rest(engagement: Engagement) -> None:
    """The policy keeps a share of what was never paid: whether to bill it, a person decides."""
    kept = 100 - engagement.refund_percent()
    unpaid = [invoice for invoice in Invoice.open_of(engagement) if not invoice.processing]
    if kept and unpaid:
        text = KEPT.format(number=unpaid[0].number, share=unpaid[0].due.percent(kept).format())
        FollowUp.ask(engagement.id, "cancelled_unpaid", text)


# -- jobs that ask Stripe --------------------------------------------------------------------------


def make_refund(refund_id: uuid.UUID) -> None:
    """Send an intended refund, unless Stripe lists it as made: an answer may have been lost."""
    refund = session.get_one(Refund, refund_id, with_for_update=True)
    if refund.state != "intended":
        return
    payment = invoices.read(refund.invoice.stripe_id).payment_intent
    if payment is None:
        refund.fail("paid outside Stripe: give it back by hand")
        return
    try:
        if refund.reason == CREDIT_PAID_OUT:
            balance.take_off(refund)
        refund.take(_made_before(payment, refund) or _send(payment, refund))
        audit.record("refund.made", refund, minor=refund.amount_minor)
    except balance.Gone:
        refund.fail("the credit was used meanwhile")
    except gateway.Faulted:
        refund.try_again()
    except gateway.KeyReused:
        raise
    except gateway.Bug as reason:
        refund.fail(str(reason))


def _made_before(payment: str, refund: Refund) -> StripeRefund | None:
    made = refunds.list_of(payment)
    ours = (one for one in made if one.metadata.get("refund") == refund.idempotency_key)
    return next(ours, None)


def _send(payment: str, refund: Refund) -> StripeRefund:
    owner = str(refund.invoice.engagement_id)
    named = {"refund": refund.idempotency_key, "engagement": owner}
    return refunds.make(payment, refund.amount_minor, named, refund.call_key)


def cancel_subscription(stripe_id: str) -> None:
    """End a subscription at Stripe and in the mirror."""
    mirror = _mirror(stripe_id)
    found = subscriptions.cancel(stripe_id)
    if mirror:
        mirror.take(found)


def _mirror(stripe_id: str) -> Subscription | None:
    row = select(Subscription).filter_by(stripe_id=stripe_id)
    return session.scalar(row.with_for_update())


def expire_checkouts(engagement_id: uuid.UUID) -> None:
    """Close what may still be paid for an engagement that is lost."""
    attempts = select(Checkout).filter_by(engagement_id=engagement_id, state="open")
    for checkout in session.scalars(attempts.with_for_update()):
        assert checkout.stripe_id
        checkout.take(checkout_calls.expire(checkout.stripe_id))
