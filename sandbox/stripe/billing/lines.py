"""Invoice lines, before and after they are part of an invoice."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.stripe.billing.catalog import product_name
from sandbox.stripe.billing.money import in_words, line_amount
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape


@dataclass
class Line:
    """One line to be: ``amount`` in the smallest unit, ``period`` as start and end."""

    amount: int
    currency: str
    description: str
    period: tuple[int, int]
    parent: dict[str, Any] | None
    price: Document | None = None
    unit_amount: Decimal | None = None
    quantity: Decimal = Decimal(1)
    metadata: dict[str, str] = field(default_factory=dict)
    proration: bool = False
    discountable: bool = True
    discounts: list[str] = field(default_factory=list)
    tax_behavior: str | None = None

    @property
    def subscription(self) -> str | None:
        details = (self.parent or {}).get((self.parent or {}).get("type", ""), {})
        found: str | None = details.get("subscription")
        return found

    def document(self, invoice: str) -> Document:
        row = shape(
            "line_item",
            amount=self.amount,
            currency=self.currency,
            description=self.description,
            discount_amounts=[],
            discountable=self.discountable,
            discounts=list(self.discounts),
            invoice=invoice,
            livemode=False,
            metadata=self.metadata,
            parent=self.parent,
            period={"start": self.period[0], "end": self.period[1]},
            pretax_credit_amounts=[],
            pricing=pricing(self.price, self.unit_amount),
            quantity=int(self.quantity),
            quantity_decimal=f"{self.quantity:f}",
            subscription=self.subscription,
            subtotal=self.amount,
            taxes=[],
        )
        private(row)["tax_behavior"] = self.tax_behavior
        return row


def pricing(price: Document | None, unit: Decimal | None = None) -> dict[str, Any] | None:
    """How a line is priced: by which price and at what unit amount."""
    if price is None:
        return None
    return {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"] if unit is None else f"{unit:f}",
    }


def item_parent(item: Document, subscription: str) -> dict[str, Any]:
    details = {"proration": False, "subscription": subscription, "subscription_item": item["id"]}
    return {"type": "subscription_item_details", "subscription_item_details": details}


def invoice_item_parent(
    item: str, subscription: str | None, proration: bool = False
) -> dict[str, Any]:
    details = {"invoice_item": item, "proration": proration, "subscription": subscription}
    return {"type": "invoice_item_details", "invoice_item_details": details}


def item_line(
    item: Document,
    subscription: str,
    period: tuple[int, int],
    amount: int,
    text: str,
    unit_amount: Decimal | None = None,
) -> Line:
    """What a subscription's item comes to in a period."""
    return Line(
        amount=amount,
        currency=item["price"]["currency"],
        description=text,
        period=period,
        parent=item_parent(item, subscription),
        price=item["price"],
        unit_amount=unit_amount,
        quantity=Decimal(item["quantity"]),
        metadata=dict(item["metadata"]),
    )


def recurring_line(
    account: Account, item: Document, subscription: str, period: tuple[int, int]
) -> Line:
    """A subscription item's full charge for a period."""
    price, quantity = item["price"], Decimal(item["quantity"])
    amount = line_amount(Decimal(price["unit_amount_decimal"]), quantity)
    text = f"{quantity} × {product_name(account, price)} (at {_rate(price)})"
    return item_line(item, subscription, period, amount, text)


def trial_line(
    account: Account, item: Document, subscription: str, period: tuple[int, int]
) -> Line:
    """The line of nothing that a trial's invoice carries for each item."""
    text = f"Trial period for {product_name(account, item['price'])}"
    return item_line(item, subscription, period, 0, text, Decimal(0))


def _rate(price: Document) -> str:
    recurring = price["recurring"]
    count, interval = recurring["interval_count"], recurring["interval"]
    every = interval if count == 1 else f"every {count} {interval}s"
    unit = int(Decimal(price["unit_amount_decimal"]))
    return f"{in_words(unit, price['currency'])} / {every}"
