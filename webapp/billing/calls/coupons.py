"""Coupons, under ids of our own."""

from __future__ import annotations

from webapp.billing.objects.coupon import CouponFacts
from webapp.billing.stripe_gateway import Exists, ask


def make(facts: CouponFacts) -> None:
    """Its products are there already. However often, and by however many at once, there is one."""
    try:
        ask(lambda v1: v1.coupons.create(facts.params))
    except Exists:
        return
