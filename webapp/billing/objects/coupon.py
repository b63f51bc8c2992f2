"""A coupon as Stripe needs it: what it takes off, from which products, for how long.

Stripe fixes a coupon's products when it is made, so that its id names them, and the months: another
set is another coupon. https://docs.stripe.com/api/coupons/create
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from webapp.billing.objects.document import Document
from webapp.billing.objects.product import ProductFacts
from webapp.money import Money


@dataclass(frozen=True)
class CouponFacts:
    """Either percent or amount. months: counted from the day of paying; None: for good. dated: by
    the calendar even for one month, whatever invoice comes first (one of a trial asks nothing)."""

    code: str
    percent: int
    amount: Money | None
    months: int | None
    products: tuple[ProductFacts, ...]
    dated: bool = False

    @property
    def stripe_id(self) -> str:
        listed = " ".join(sorted(product.stripe_id for product in self.products))
        digest = hashlib.sha256(listed.encode()).hexdigest()[:8]
        return f"rh_{self.code}_{self.months or 'always'}_{digest}"

    @property
    def params(self) -> Document:
        products = {"products": [product.stripe_id for product in self.products]}
        named = {"id": self.stripe_id, "name": self.code[:40], "applies_to": products}
        return named | self._off() | self._duration()

    def _off(self) -> Document:
        if self.amount is None:
            return {"percent_off": self.percent}
        return {"amount_off": self.amount.minor, "currency": self.amount.currency.lower()}

    def _duration(self) -> Document:
        if self.months is None:
            return {"duration": "forever"}
        if self.months == 1 and not self.dated:
            return {"duration": "once"}
        return {"duration": "repeating", "duration_in_months": self.months}
