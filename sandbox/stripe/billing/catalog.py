"""Products and prices, also those made in passing by ``price_data``."""

from decimal import Decimal
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import emit


def create_product(account: Account, data: dict[str, Any]) -> Document:
    now = account.now()
    product = shape(
        "product",
        **{
            "active": True,
            "created": now,
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": {},
            "type": "service",
            "updated": now,
        }
        | data,
    )
    account.save(product)
    emit(account, "product.created", product)
    return product


def create_price(account: Account, data: dict[str, Any]) -> Document:
    """A price from ``prices.create`` parameters or from a ``price_data`` of any kind."""
    data = dict(data)
    unit = unit_amount(data)
    if "product_data" in data:
        data["product"] = create_product(account, data.pop("product_data"))["id"]
    if "product" not in data:
        raise invalid("You must pass product or product_data.", "product", "parameter_missing")
    account.get("product", data["product"], "product")
    price = shape("price", **_defaults(account, data, unit))
    account.save(price)
    emit(account, "price.created", price)
    return price


def unit_amount(data: dict[str, Any]) -> Decimal:
    """The unit amount in the smallest unit, from whichever of the two parameters was given."""
    if "unit_amount" in data:
        amount = Decimal(data["unit_amount"])
    elif "unit_amount_decimal" in data:
        amount = data["unit_amount_decimal"]
    else:
        raise invalid(
            "You must pass unit_amount or unit_amount_decimal.", "unit_amount", "parameter_missing"
        )
    return amount


def _defaults(account: Account, data: dict[str, Any], unit: Decimal) -> dict[str, Any]:
    recurring = data.get("recurring")
    defaults: dict[str, Any] = {
        "active": True,
        "billing_scheme": "per_unit",
        "created": account.now(),
        "livemode": False,
        "metadata": {},
        "tax_behavior": "unspecified",
        "type": "recurring" if recurring else "one_time",
    }
    if recurring:
        data["recurring"] = {"interval_count": 1, "usage_type": "licensed"} | recurring
    whole = unit == unit.to_integral_value()
    amounts = {"unit_amount": int(unit) if whole else None, "unit_amount_decimal": f"{unit:f}"}
    return defaults | data | amounts | {"currency": data["currency"].lower()}


def price_of(account: Account, item: dict[str, Any], name: str) -> Document:
    """The price a line names, or one made from its ``price_data``; ``name`` is for errors."""
    if "price" in item:
        price = account.get("price", item["price"], f"{name}[price]")
        if not price["active"]:
            raise invalid(f"The price specified is inactive: {price['id']}", f"{name}[price]")
        return price
    if "price_data" not in item:
        raise invalid(f"You must pass a price for {name}.", name, "parameter_missing")
    return create_price(account, item["price_data"] | {"active": False})


def product_name(account: Account, price: Document) -> str:
    return str(account.get("product", price["product"])["name"])


def plan_of(price: Document) -> Document:
    """The old view of a recurring price, which subscription items still carry."""
    same = (
        "active",
        "billing_scheme",
        "created",
        "currency",
        "livemode",
        "metadata",
        "nickname",
        "product",
    )
    recurring = price["recurring"]
    return shape(
        "plan",
        id=price["id"],
        amount=price["unit_amount"],
        amount_decimal=price["unit_amount_decimal"],
        interval=recurring["interval"],
        interval_count=recurring["interval_count"],
        usage_type=recurring["usage_type"],
        **{name: price[name] for name in same},
    )
