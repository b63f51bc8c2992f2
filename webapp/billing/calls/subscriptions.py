"""Subscriptions."""

from __future__ import annotations

from datetime import datetime

from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.stripe_gateway import Missing, ask, keyed


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


def move_renewal(subscription: str, to: datetime) -> StripeSubscription:
    """Let the present period end at `to`, at no charge; later ones are counted from there.

    Stripe has no other way to move the day than a trial up to it:
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    at = int(to.timestamp())
    params = {"trial_end": at, "proration_behavior": "none"}
    key = keyed(f"renewal:{subscription}:{at}")
    moved = ask(lambda v1: v1.subscriptions.update(subscription, params, key))
    return StripeSubscription.read(moved)
