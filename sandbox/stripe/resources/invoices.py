"""Invoices and their lines."""

from sandbox.stripe.billing import one_off, payments
from sandbox.stripe.billing.collection import (
    advance_open,
    collect,
    intent_of,
    mark_uncollectible,
    settle,
    void,
)
from sandbox.stripe.billing.discounts import attach
from sandbox.stripe.billing.finalizing import finalize, finalize_later
from sandbox.stripe.billing.totals import reckon
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.paging import listed, page, within
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.schedule import unschedule
from sandbox.stripe.core.search import search
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive


@endpoint(
    "invoice.create",
    "auto_advance automatic_tax.enabled collection_method currency custom_fields customer "
    "days_until_due default_payment_method description discounts due_date footer metadata "
    "pending_invoice_items_behavior subscription",
)
def create(account: Account, params: Params) -> Document:
    owner = alive(account, _customer_of(account, params), "customer")
    return one_off.make(account, owner, params)


def _customer_of(account: Account, params: Params) -> str:
    if "subscription" in params:
        return str(account.get("subscription", params["subscription"], "subscription")["customer"])
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    return str(params["customer"])


retrieves("invoice")


@endpoint(
    "invoice.update",
    "auto_advance automatic_tax.enabled custom_fields default_payment_method description "
    "discounts due_date footer metadata",
)
def update(account: Account, params: Params, invoice: str) -> Document:
    found = account.get("invoice", invoice)
    values = changes(found, params)
    if {"automatic_tax", "discounts"} & params.keys():
        _check_editable(found)
    if "discounts" in params:
        owner, given = account.get("customer", found["customer"]), params["discounts"] or []
        values["discounts"] = attach(account, given, owner, "discounts", invoice=invoice)
    change(account, "invoice.updated", found, **values)
    if found["status"] == "draft":
        reckon(account, found)
        if "auto_advance" in params:
            _set_advance(account, found)
    elif found["status"] == "open" and "auto_advance" in params:
        advance_open(account, found)
    return found


def _check_editable(invoice: Document) -> None:
    if invoice["status"] != "draft":
        text = "Finalized invoices can't be updated in this way."
        raise invalid(text, code="invoice_not_editable")


def _set_advance(account: Account, invoice: Document) -> None:
    if invoice["auto_advance"]:
        finalize_later(account, invoice)
    else:
        unschedule(account, "invoice.finalize", invoice["id"])


@endpoint("invoice.delete")
def delete(account: Account, params: Params, invoice: str) -> Document:
    found = account.get("invoice", invoice)
    if found["status"] != "draft" or found["parent"]:
        raise invalid("You can only delete draft one-off invoices.", code="invoice_not_editable")
    unschedule(account, "invoice.finalize", invoice)
    account.store.remove(invoice)
    for item in account.find("invoiceitem", invoice=invoice):
        account.store.remove(item["id"])
    emit(account, "invoice.deleted", found)
    return {"id": invoice, "object": "invoice", "deleted": True}


@endpoint(
    "invoice.list",
    "collection_method created customer due_date limit starting_after ending_before status "
    "subscription",
)
def list_all(account: Account, params: Params) -> Document:
    named = ("customer", "collection_method", "status")
    equal = {name: params[name] for name in named if name in params}
    if "subscription" in params:
        equal["parent__subscription_details__subscription"] = params["subscription"]

    def due(found: Document) -> bool:
        return within(found["due_date"], params.get("due_date"))

    return listed(account, "invoice", params, "/v1/invoices", due, **equal)


@endpoint("invoice.search", "query limit page")
def search_all(account: Account, params: Params) -> Document:
    return search(account.find("invoice"), params, "/v1/invoices/search")


@endpoint("invoice.finalize_invoice", "auto_advance")
def finalize_now(account: Account, params: Params, invoice: str) -> Document:
    found = account.get("invoice", invoice)
    found["auto_advance"] = params.get("auto_advance", found["auto_advance"])
    finalize(account, found)
    if (
        found["status"] == "open"
        and found["auto_advance"]
        and found["collection_method"] == "charge_automatically"
    ):
        collect(account, found)
    return found


@endpoint("invoice.pay", "off_session paid_out_of_band payment_method")
def pay(account: Account, params: Params, invoice: str) -> Document:
    found = account.get("invoice", invoice)
    if found["status"] == "draft":
        finalize(account, found)
    if found["status"] not in ("open", "uncollectible"):
        raise invalid(f"Invoice is already {found['status']}")
    if params.get("paid_out_of_band"):
        return settle(account, found, out_of_band=True)
    wanted = params.get("payment_method")
    method = account.get("payment_method", wanted, "payment_method") if wanted else None
    if collect(account, found, method) not in ("succeeded", "processing"):
        intent = intent_of(account, found)
        assert intent is not None, "an open invoice has a payment"
        raise _refusal(intent)
    return found


def _refusal(intent: Document) -> Exception:
    if intent["last_payment_error"] is None and intent["payment_method"] is None:
        text = "There is no default payment method set on this Customer, Subscription or Invoice."
        return invalid(text, code="missing")
    return payments.card_error(intent)


@endpoint("invoice.send_invoice")
def send(account: Account, params: Params, invoice: str) -> Document:
    """Mail it; what is charged automatically can be sent as well, and is told as sent."""
    found = account.get("invoice", invoice)
    if found["status"] == "draft":
        found["auto_advance"] = False
        finalize(account, found)
    if found["status"] not in ("open", "paid"):
        raise invalid(f"You can only send open or paid invoices. This one is {found['status']}.")
    emit(account, "invoice.sent", found)
    return found


@endpoint("invoice.void_invoice")
def void_now(account: Account, params: Params, invoice: str) -> Document:
    return void(account, account.get("invoice", invoice))


@endpoint("invoice.mark_uncollectible")
def give_up(account: Account, params: Params, invoice: str) -> Document:
    return mark_uncollectible(account, account.get("invoice", invoice), "user_forgiven")


@endpoint("invoice_line_item.list", "limit starting_after ending_before")
def lines(account: Account, params: Params, invoice: str) -> Document:
    rows = account.get("invoice", invoice)["lines"]["data"]
    return page(rows, params, f"/v1/invoices/{invoice}/lines")
