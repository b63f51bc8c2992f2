"""Invoice items."""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import invoice_items
from sandbox.stripe.billing.catalog import create_price, product_name, unit_amount
from sandbox.stripe.billing.drafting import add_lines
from sandbox.stripe.billing.money import line_amount
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive


@endpoint(
    "invoice_item.create",
    "amount currency customer description discountable invoice metadata period price_data "
    "pricing quantity "
    "quantity_decimal subscription unit_amount_decimal",
)
def create(account: Account, params: Params) -> Document:
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    owner = alive(account, params["customer"], "customer")
    invoice = _open_draft(account, params)
    if "subscription" in params:
        account.get("subscription", params["subscription"], "subscription")
    period = params.get("period")
    item = invoice_items.create(
        account,
        owner["id"],
        subscription=params.get("subscription"),
        period=(period["start"], period["end"]) if period else None,
        **_priced(account, params),
        **{k: params[k] for k in ("metadata", "discountable") if k in params},
    )
    if invoice is not None:
        invoice_items.bind(account, [item], invoice["id"])
        add_lines(account, invoice, [invoice_items.as_line(account, item)])
    return item


def _open_draft(account: Account, params: Params) -> Document | None:
    if "invoice" not in params:
        return None
    invoice = account.get("invoice", params["invoice"], "invoice")
    if invoice["status"] != "draft":
        text = "This invoice is no longer editable."
        raise invalid(text, "invoice", "invoice_not_editable")
    return invoice


def _priced(account: Account, params: Params) -> dict[str, Any]:
    """Amount, price and quantity from whichever way of pricing was given."""
    quantity = _quantity(params)
    if "amount" in params:
        if "currency" not in params:
            raise invalid("Missing required param: currency.", "currency", "parameter_missing")
        return {
            "amount": params["amount"],
            "currency": params["currency"],
            "quantity": Decimal(1),
            "unit_amount": None,
            "description": params.get("description"),
        }
    if "unit_amount_decimal" in params:
        unit = params["unit_amount_decimal"]
        return {
            "amount": line_amount(unit, quantity),
            "currency": params["currency"],
            "quantity": quantity,
            "unit_amount": unit,
            "description": params.get("description"),
        }
    price = _price(account, params)
    unit = Decimal(price["unit_amount_decimal"])
    name = params.get("description") or product_name(account, price)
    return {
        "amount": line_amount(unit, quantity),
        "currency": price["currency"],
        "price": price,
        "quantity": quantity,
        "description": name,
    }


def _quantity(params: Params) -> Decimal:
    if "quantity" in params and "quantity_decimal" in params:
        text = "You may only specify one of these parameters: quantity, quantity_decimal."
        raise invalid(text, "quantity", "parameters_exclusive")
    given: Any = params.get("quantity_decimal", params.get("quantity", 1))
    return Decimal(given)


def _price(account: Account, params: Params) -> Document:
    if "price_data" in params:
        unit_amount(params["price_data"])
        return create_price(account, params["price_data"] | {"active": False})
    identifier = params.get("pricing", {}).get("price")
    if identifier is None:
        raise invalid("You must pass amount, pricing or price_data.", "amount", "parameter_missing")
    return account.get("price", identifier, "pricing[price]")


@endpoint("invoice_item.retrieve")
def retrieve(account: Account, params: Params, item: str) -> Document:
    return account.get("invoiceitem", item)


@endpoint("invoice_item.update", "description metadata")
def update(account: Account, params: Params, item: str) -> Document:
    found = _unbilled(account, item)
    return change(account, None, found, **changes(found, params))


@endpoint("invoice_item.delete")
def delete(account: Account, params: Params, item: str) -> Document:
    found = _unbilled(account, item)
    account.store.remove(item)
    emit(account, "invoiceitem.deleted", found)
    return {"id": item, "object": "invoiceitem", "deleted": True}


def _unbilled(account: Account, item: str) -> Document:
    found = account.get("invoiceitem", item)
    if found["invoice"]:
        text = "An invoice item that is on an invoice can't be changed here."
        raise invalid(text, code="invoice_not_editable")
    return found


@endpoint(
    "invoice_item.list", "created customer invoice limit pending starting_after ending_before"
)
def list_all(account: Account, params: Params) -> Document:
    equal = {k: params[k] for k in ("customer", "invoice") if k in params}
    rows = matching(account.find("invoiceitem", **equal), params)
    if "pending" in params:
        rows = [i for i in rows if (i["invoice"] is None) == params["pending"]]
    return page(rows, params, "/v1/invoiceitems")
