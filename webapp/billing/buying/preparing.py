"""What Stripe has to have before an order can be sold: its products, and its coupon."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.buying.order import Order
from webapp.billing.calls import coupons, products
from webapp.billing.objects.coupon import CouponFacts
from webapp.billing.objects.product import ProductFacts


@dataclass(frozen=True)
class Preparation:
    """products: those that Stripe does not have yet, as far as we know."""

    products: list[ProductFacts]
    coupon: CouponFacts | None

    @classmethod
    def of(cls, order: Order) -> Preparation:
        coupon = order.discount.coupon if order.discount else None
        return cls(products.missing(order.products), coupon)

    def make(self) -> None:
        """Asks Stripe; touches no row."""
        for product in self.products:
            products.make(product)
        if self.coupon:
            coupons.make(self.coupon)
