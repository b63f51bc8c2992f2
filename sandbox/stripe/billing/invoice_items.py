"""Invoice items: what waits to be put on a customer's next invoice."""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing.lines import Line, invoice_item_parent, pricing
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.events import emit


def create(
    account: Account,
    customer: str,
    *,
    amount: int,
    currency: str,
    price: Document | None = None,
    unit_amount: Decimal | None = None,
    quantity: Decimal = Decimal(1),
    subscription: str | None = None,
    subscription_item: str | None = None,
    period: tuple[int, int] | None = None,
    proration: bool = False,
    **details: Any,
) -> Document:
    now = account.customer_time(customer)
    start, end = period or (now, now)
    item = shape(
        "invoiceitem",
        amount=amount,
        currency=currency,
        customer=customer,
        date=now,
        discountable=details.pop("discountable", not proration),
        discounts=[],
        frozen_fields=[],
        livemode=False,
        metadata=details.pop("metadata", {}),
        net_amount=amount,
        parent=_parent(subscription, subscription_item),
        period={"start": start, "end": end},
        pricing=pricing(price, unit_amount),
        proration=proration,
        quantity=int(quantity),
        quantity_decimal=f"{quantity:f}",
        tax_rates=[],
        test_clock=account.timeline_of({"customer": customer}) or None,
        **details,
    )
    account.save(item)
    emit(account, "invoiceitem.created", item)
    return item


def _parent(subscription: str | None, item: str | None) -> dict[str, Any] | None:
    if subscription is None:
        return None
    details = {"subscription": subscription, "subscription_item": item}
    return {"type": "subscription_details", "subscription_details": details}


def _belongs_to(item: Document) -> dict[str, Any]:
    found: dict[str, Any] = (item["parent"] or {}).get("subscription_details") or {}
    return found


def subscription_of(item: Document) -> str | None:
    return _belongs_to(item).get("subscription")


def pending(account: Account, customer: str, subscription: str | None) -> list[Document]:
    """What the next invoice of a subscription, or of the customer alone, takes; oldest first."""
    items = [i for i in account.find("invoiceitem", customer=customer) if i["invoice"] is None]
    wanted = {None, subscription}
    return [i for i in reversed(items) if subscription_of(i) in wanted]


def as_line(account: Account, item: Document) -> Line:
    details = (item["pricing"] or {}).get("price_details") or {}
    unit = (item["pricing"] or {}).get("unit_amount_decimal")
    return Line(
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"] or "",
        period=(item["period"]["start"], item["period"]["end"]),
        parent=_line_parent(item),
        price=account.store.load(details["price"]) if details else None,
        unit_amount=Decimal(unit) if unit else None,
        quantity=Decimal(item["quantity_decimal"]),
        metadata=dict(item["metadata"] or {}),
        proration=item["proration"],
    )


def _line_parent(item: Document) -> dict[str, Any]:
    """A proration of a subscription item names that item, anything else only the invoice item."""
    owner = _belongs_to(item)
    if not owner.get("subscription_item"):
        return invoice_item_parent(item["id"], owner.get("subscription"), item["proration"])
    details = owner | {"invoice_item": item["id"], "proration": item["proration"]}
    return {"type": "subscription_item_details", "subscription_item_details": details}


def bind(account: Account, items: list[Document], invoice: str) -> None:
    """From now on the items belong to this invoice."""
    for item in items:
        item["invoice"] = invoice
        account.save(item)
