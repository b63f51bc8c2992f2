"""Invoice items."""

from typing import Any

from sandbox.stripe.billing import invoice_items, standing
from sandbox.stripe.billing.discounts import attach
from sandbox.stripe.billing.drafting import add_lines
from sandbox.stripe.billing.invoice_items import Waiting, again, ways
from sandbox.stripe.billing.item_pricing import priced
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid, missing
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive


@endpoint(
    "invoice_item.create",
    "amount currency customer description discountable discounts invoice metadata period "
    "price_data pricing quantity quantity_decimal subscription tax_behavior tax_code "
    "unit_amount_decimal",
)
def create(account: Account, params: Params) -> Document:
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    owner = alive(account, params["customer"], "customer")
    invoice = _open_draft(account, params)
    cost = priced(account, params)
    _check_subscription(account, params, cost["currency"])
    item = invoice_items.create(account, owner["id"], Waiting(**item_details(params), **cost))
    set_discounts(account, item, params)
    if invoice is not None:
        invoice_items.bind(account, [item], invoice["id"])
        add_lines(account, invoice, [invoice_items.as_line(account, item)])
    return item


def item_details(params: Params) -> dict[str, Any]:
    """What a call says of an item, apart from what it costs."""
    period = params.get("period")
    same = ("discountable", "metadata", "subscription")
    return {k: params[k] for k in same if k in params} | {
        "period": (period["start"], period["end"]) if period else None,
        "text": params.get("description"),
        "tax_behavior": params.get("tax_behavior"),
        "tax_code": params.get("tax_code"),
    }


def set_discounts(account: Account, item: Document, params: Params) -> None:
    """The coupons an item is given, in place of those it had."""
    if "discounts" in params:
        owner, given = account.get("customer", item["customer"]), params["discounts"] or []
        named = {"invoice_item": item["id"]}
        item["discounts"] = attach(account, given, owner, "discounts", **named)
        account.save(item)


def _check_subscription(account: Account, params: Params, currency: str) -> None:
    """The subscription must be the customer's, alive, and of the item's currency.

    That an ended one counts as not the customer's is Stripe's answer for ``incomplete_expired``
    (github.com/stripe/stripe-dotnet/issues/1857); for cancelled ones it is assumed.
    """
    if "subscription" not in params:
        return
    identifier = params["subscription"]
    found = account.get("subscription", identifier, "subscription")
    if found["customer"] != params["customer"] or found["status"] in standing.ENDED:
        raise missing("subscription", identifier, "subscription")
    if found["currency"] != currency:
        text = f"The item's currency must be the subscription's: {found['currency']}."
        raise invalid(text, "currency")


def _open_draft(account: Account, params: Params) -> Document | None:
    if "invoice" not in params:
        return None
    invoice = account.get("invoice", params["invoice"], "invoice")
    if invoice["status"] != "draft":
        text = "This invoice is no longer editable."
        raise invalid(text, "invoice", "invoice_not_editable")
    return invoice


retrieves("invoice_item", "invoiceitem")


@endpoint(
    "invoice_item.update",
    "amount description discountable discounts metadata period price_data pricing quantity "
    "quantity_decimal tax_behavior unit_amount_decimal",
)
def update(account: Account, params: Params, item: str) -> Document:
    return repriced_item(account, _unbilled(account, item), params)


def repriced_item(account: Account, found: Document, params: Params) -> Document:
    """A waiting item with what an update says about it."""
    set_discounts(account, found, params)
    cost = priced(account, again(found, params)) if ways(params) else {}
    same: Params = {
        k: params[k] for k in ("description", "discountable", "metadata") if k in params
    }
    values = changes(found, same) | ({"period": params["period"]} if "period" in params else {})
    return change(account, None, found, **invoice_items.repriced(found, cost), **values)


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
