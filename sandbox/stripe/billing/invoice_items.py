"""Invoice items: what waits to be put on a customer's next invoice."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.stripe.billing.item_pricing import PRICING
from sandbox.stripe.billing.lines import Line, invoice_item_parent, pricing
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import emit


@dataclass(frozen=True)
class Waiting:
    """What an item is to be. ``text`` is its description where the product's name shall not be.
    ``discountable``: unless said, it is when it is neither negative nor a proration."""

    amount: int
    currency: str
    price: Document | None = None
    unit_amount: Decimal | None = None
    quantity: Decimal = Decimal(1)
    subscription: str | None = None
    subscription_item: str | None = None
    period: tuple[int, int] | None = None
    proration: bool = False
    description: str | None = None
    text: str | None = None
    tax_behavior: str | None = None
    tax_code: str | None = None
    discountable: bool | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def create(account: Account, customer: str, waiting: Waiting) -> Document:
    """Put it on the customer's list."""
    item = shape("invoiceitem", **_fields(account, customer, waiting))
    private(item)["tax_code"] = waiting.tax_code
    behavior = waiting.tax_behavior or (waiting.price or {}).get("tax_behavior")
    private(item)["tax_behavior"] = behavior
    account.save(item)
    emit(account, "invoiceitem.created", item)
    return item


def _fields(account: Account, customer: str, waiting: Waiting) -> dict[str, Any]:
    now, usual = account.customer_time(customer), not waiting.proration and waiting.amount >= 0
    start, end = waiting.period or (now, now)
    return {
        "amount": waiting.amount,
        "currency": waiting.currency,
        "customer": customer,
        "date": now,
        "description": waiting.text or waiting.description,
        "discountable": usual if waiting.discountable is None else waiting.discountable,
        "discounts": [],
        "frozen_fields": [],
        "livemode": False,
        "metadata": waiting.metadata,
        "net_amount": waiting.amount,
        "parent": _parent(waiting.subscription, waiting.subscription_item),
        "period": {"start": start, "end": end},
        "pricing": pricing(waiting.price, waiting.unit_amount),
        "proration": waiting.proration,
        "quantity": int(waiting.quantity),
        "quantity_decimal": f"{waiting.quantity:f}",
        "tax_rates": [],
        "test_clock": account.timeline_of({"customer": customer}) or None,
    }


def ways(params: dict[str, Any]) -> bool:
    """Whether an update says anything about what the item costs."""
    return bool((PRICING | {"quantity", "quantity_decimal"}) & params.keys())


def again(item: Document, params: dict[str, Any]) -> dict[str, Any]:
    """The pricing parameters of an item after an update that may name only some of them."""
    details = (item["pricing"] or {}).get("price_details")
    merged = {"currency": item["currency"]} | params
    if not PRICING & params.keys():
        unit = Decimal(item["amount"]) / Decimal(item["quantity_decimal"])
        old = {"pricing": {"price": details["price"]}} if details else {"unit_amount_decimal": unit}
        merged |= old
    if not {"quantity", "quantity_decimal"} & params.keys():
        merged["quantity_decimal"] = Decimal(item["quantity_decimal"])
    return merged


def repriced(item: Document, cost: dict[str, Any]) -> dict[str, Any]:
    """The fields of an item that cost something else now."""
    if not cost:
        return {}
    if cost["currency"] != item["currency"]:
        raise invalid("The currency of an invoice item can't be changed.", "price_data[currency]")
    return {
        "amount": cost["amount"],
        "net_amount": cost["amount"],
        "pricing": pricing(cost.get("price"), cost["unit_amount"]),
        "quantity": int(cost["quantity"]),
        "quantity_decimal": f"{cost['quantity']:f}",
    }


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


def pending(
    account: Account, customer: str, subscription: str | None, *, alone: bool = False
) -> list[Document]:
    """What the next invoice of a subscription, or of the customer alone, takes; oldest first.

    A renewal takes the subscription's items and those that name none; an invoice made by hand for
    a subscription (``alone``) takes its own only.
    """
    items = [i for i in account.find("invoiceitem", customer=customer) if i["invoice"] is None]
    wanted = {subscription} if alone else {None, subscription}
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
        discountable=item["discountable"],
        discounts=list(item["discounts"] or []),
        tax_behavior=private(item).get("tax_behavior"),
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
