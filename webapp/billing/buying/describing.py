"""What Stripe is told before a sale: which codes there are."""

from __future__ import annotations

import uuid

from webapp.billing.buying.order import discounted_products
from webapp.billing.buying.preparing import Preparation
from webapp.billing.calls import products
from webapp.billing.models import Coupon
from webapp.billing.objects.coupon import CouponFacts
from webapp.db import session


def prepare_coupon(coupon_id: uuid.UUID) -> None:
    """Make a new code's coupon and its products, so that the first to use it does not wait."""
    coupon = session.get_one(Coupon, coupon_id)
    listed = list(discounted_products(once=coupon.months == 1))
    if not listed:
        return
    facts = CouponFacts(coupon.code, coupon.percent, coupon.amount, coupon.months, tuple(listed))
    needed = Preparation(products.missing(listed), facts)
    needed.make()
    products.note(needed.products)
