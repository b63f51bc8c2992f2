"""What an invoice item costs, in whichever of the API's ways it was priced.

Source: https://docs.stripe.com/api/invoiceitems/create: a flat ``amount``; ``unit_amount_decimal``;
a price by id (``pricing.price``, ``price`` in previews); or ``price_data``, each of the last three
times ``quantity`` or ``quantity_decimal``. Any of them may be negative.
"""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing.catalog import create_price, product_name
from sandbox.stripe.billing.money import line_amount
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import invalid

PRICING = frozenset(
    {"amount", "price", "price_data", "pricing", "unit_amount", "unit_amount_decimal"}
)
"""The parameters of which one says what an item costs."""


def priced(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """``amount``, ``currency``, ``price``, ``unit_amount`` and ``quantity`` for an invoice item."""
    if "amount" in params:
        return _flat(params["amount"], _currency(params))
    count = quantity(params)
    unit = params.get("unit_amount_decimal", params.get("unit_amount"))
    if unit is not None:
        return _by_unit(Decimal(unit), count, _currency(params))
    price = _price(account, params)
    unit = Decimal(price["unit_amount_decimal"])
    return _by_unit(unit, count, price["currency"]) | {
        "price": price,
        "unit_amount": None,
        "description": product_name(account, price),
    }


def _flat(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "quantity": Decimal(1), "unit_amount": None}


def _by_unit(unit: Decimal, count: Decimal, currency: str) -> dict[str, Any]:
    return {
        "amount": line_amount(unit, count),
        "currency": currency,
        "quantity": count,
        "unit_amount": unit,
    }


def _currency(params: dict[str, Any]) -> str:
    if "currency" not in params:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    return str(params["currency"]).lower()


def quantity(params: dict[str, Any]) -> Decimal:
    if "quantity" in params and "quantity_decimal" in params:
        text = "You may only specify one of these parameters: quantity, quantity_decimal."
        raise invalid(text, "quantity", "parameters_exclusive")
    return Decimal(params.get("quantity_decimal", params.get("quantity", 1)))


def _price(account: Account, params: dict[str, Any]) -> Document:
    if "price_data" in params:
        return create_price(account, params["price_data"] | {"active": False})
    named = params.get("pricing", {}).get("price") or params.get("price")
    if named is None:
        raise invalid("You must pass amount, pricing or price_data.", "amount", "parameter_missing")
    return account.get("price", named, "pricing[price]")
