"""Subscriptions."""

from __future__ import annotations

from datetime import datetime

from webapp.billing.objects.document import Document
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.stripe_gateway import Missing, ask, ask_changed, keyed


def read(subscription: str) -> StripeSubscription:
    return StripeSubscription.read(ask(lambda v1: v1.subscriptions.retrieve(subscription)))


def cancel(subscription: str) -> StripeSubscription:
    """End it now, with no last invoice; one that is over already is told as it is."""
    params = {"invoice_now": False, "prorate": False}
    try:
        ended = ask(lambda v1: v1.subscriptions.cancel(subscription, params))
        return StripeSubscription.read(ended)
    except Missing:
        return read(subscription)


def move_renewal(subscription: str, to: datetime, end: datetime | None) -> StripeSubscription:
    """Let the present period end at `to`, at no charge; later ones are counted from there.

    end: when it shall end by itself, by that count; None: as it stands, or never. Stripe has no
    other way to move the day than a trial up to it:
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    at, ends = int(to.timestamp()), {"cancel_at": int(end.timestamp())} if end else {}
    params = {"trial_end": at, "proration_behavior": "none", **ends}
    key = f"renewal:{subscription}:{at}"
    return _updated(subscription, params, f"{key}:{ends['cancel_at']}" if ends else key)


def start(params: Document, key: str) -> StripeSubscription:
    """Begin one that is invoiced; its first invoice is left as Stripe makes it, often a draft."""
    return StripeSubscription.read(ask(lambda v1: v1.subscriptions.create(params, keyed(key))))


def start_after(before: str, params: Document, key: str) -> StripeSubscription:
    """Begin one in the place of another that is over."""
    made = ask_changed(before, key, lambda v1, once: v1.subscriptions.create(params, once))
    return StripeSubscription.read(made)


def find(customer: str, engagement: str) -> StripeSubscription | None:
    """The live one that names an engagement in its metadata."""
    params = {"customer": customer, "limit": 100}
    found = ask(lambda v1: v1.subscriptions.list(params))["data"]
    ours = (one for one in found if (one["metadata"] or {}).get("engagement") == engagement)
    return next(map(StripeSubscription.read, ours), None)


def set_price(
    subscription: StripeSubscription, price: Document, name: str, key: str
) -> StripeSubscription:
    """Charge another price from the next renewal on; nothing for the present period.

    price: a price_data. https://docs.stripe.com/billing/subscriptions/prorations
    """
    params = {
        "items": [{"id": subscription.item, "price_data": price}],
        "proration_behavior": "none",
        "description": name,
    }
    return _updated(subscription.id, params, key)


def set_end(subscription: str, at: datetime | None, key: str) -> StripeSubscription:
    """End it by itself at that instant, with no credit; None: it goes on.

    At the end of one of its periods exactly, or inside the present one.
    """
    when = {"cancel_at": int(at.timestamp())} if at else {"cancel_at": ""}
    return _updated(subscription, when | {"proration_behavior": "none"}, key)


def keep_on(subscription: str, key: str) -> StripeSubscription:
    """Let it renew after all, whichever way its end was set."""
    return _updated(subscription, {"cancel_at_period_end": False}, key)


def pause(subscription: str, key: str) -> StripeSubscription:
    """Make no invoice and enter no month until it is resumed; what is unused we credit ourselves.

    https://docs.stripe.com/billing/subscriptions/pause: not on trial, nor where invoices are sent.
    """
    nothing = {"unused_time_from": {"type": "none"}, "outstanding_usage_through": {"type": "none"}}
    params = {"bill_for": nothing}
    paused = ask_changed(
        subscription, key, lambda v1, once: v1.subscriptions.pause(subscription, params, once)
    )
    return StripeSubscription.read(paused)


def resume(subscription: str, key: str) -> StripeSubscription:
    """Go on with the months as they were counted; the rest of this one we charge ourselves."""
    params = {"billing_cycle_anchor": {"type": "unchanged"}, "proration_behavior": "none"}
    resumed = ask_changed(
        subscription, key, lambda v1, once: v1.subscriptions.resume(subscription, params, once)
    )
    return StripeSubscription.read(resumed)


def _updated(subscription: str, params: Document, key: str) -> StripeSubscription:
    updated = ask_changed(
        subscription, key, lambda v1, once: v1.subscriptions.update(subscription, params, once)
    )
    return StripeSubscription.read(updated)
