"""Invoice items: what waits to be put on a customer's next invoice."""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing.item_pricing import PRICING
from sandbox.stripe.billing.lines import Line, invoice_item_parent, pricing
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import invalid
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
    text: str | None = None,
    tax_behavior: str | None = None,
    tax_code: str | None = None,
    **details: Any,
) -> Document:
    """An item that waits. It is discountable unless it is negative or a proration, and ``text``
    is its description where the product's name shall not be."""
    now = account.customer_time(customer)
    start, end = period or (now, now)
    if text:
        details["description"] = text
    item = shape(
        "invoiceitem",
        amount=amount,
        currency=currency,
        customer=customer,
        date=now,
        discountable=details.pop("discountable", not proration and amount >= 0),
        discounts=details.pop("discounts", []),
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
    private(item)["tax_code"] = tax_code
    private(item)["tax_behavior"] = tax_behavior or (price or {}).get("tax_behavior")
    account.save(item)
    emit(account, "invoiceitem.created", item)
    return item


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
