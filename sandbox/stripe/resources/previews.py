"""``invoices.create_preview``: the invoice to come, by rehearsing what would make it.

Source: https://docs.stripe.com/api/invoices/create_preview and
https://docs.stripe.com/invoicing/preview. With a subscription it is that subscription's next
invoice (or, for ``always_invoice``, the one the change would bring), items given here included;
with items of a subscription to be, its first; with a customer alone, the next of their
subscriptions. **An invoice of the given items and nothing else is previewed without naming a
customer who subscribes**: by ``customer_details`` and ``currency``.
"""

from typing import Any

from sandbox.stripe.billing import invoice_items, tax_ids
from sandbox.stripe.billing.agenda import ends_with_period
from sandbox.stripe.billing.customers import create_customer
from sandbox.stripe.billing.discounts import attach
from sandbox.stripe.billing.drafting import Draft, draft, pending_lines
from sandbox.stripe.billing.item_pricing import priced
from sandbox.stripe.billing.totals import reckon
from sandbox.stripe.billing.upcoming import as_preview, renewal
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change
from sandbox.stripe.resources.customers import alive
from sandbox.stripe.resources.invoice_items import item_details, repriced_item, set_discounts
from sandbox.stripe.resources.starting import open_first
from sandbox.stripe.resources.subscriptions import apply_update

_CHANGE = (
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "items",
    "proration_behavior",
    "proration_date",
    "trial_end",
)
_ITEM = (
    "amount currency description discountable discounts invoiceitem metadata period price "
    "price_data quantity quantity_decimal tax_behavior unit_amount unit_amount_decimal"
)
_PREVIEW = (
    "automatic_tax.enabled customer subscription currency discounts customer_details.address "
    "customer_details.tax_exempt customer_details.tax_ids"
)


@endpoint(
    "invoice.create_preview",
    " ".join([_PREVIEW, *(f"invoice_items.{name}" for name in _ITEM.split())])
    + " "
    + " ".join(f"subscription_details.{name}" for name in _CHANGE),
)
def create_preview(account: Account, params: Params) -> Document:
    with account.store.rehearsal():
        owner = _owner(account, params)
        for given in params.get("invoice_items", []):
            _put(account, owner, given, params)
        made = _made(account, owner, params)
        return as_preview(account, _adjusted(account, owner, params, made))


def _made(account: Account, owner: Document, params: Params) -> Document:
    """The invoice of the case asked for."""
    if "subscription" in params:
        return _of_subscription(account, params)
    if params.get("subscription_details", {}).get("items"):
        return _of_new_subscription(account, owner, params)
    return _of_customer(account, owner, params.get("currency"))


def _adjusted(account: Account, owner: Document, params: Params, invoice: Document) -> Document:
    """Other discounts and another way with tax than those it has by itself, if asked for."""
    if "discounts" in params:
        given = params["discounts"] or []
        invoice["discounts"] = attach(account, given, owner, "discounts", invoice=invoice["id"])
    if "automatic_tax" in params:
        invoice["automatic_tax"]["enabled"] = params["automatic_tax"]["enabled"]
    if {"automatic_tax", "discounts"} & params.keys():
        reckon(account, invoice)
    return invoice


def _owner(account: Account, params: Params) -> Document:
    """Who would be invoiced: the customer with the details given, or one made for the occasion."""
    details = dict(params.get("customer_details", {}))
    numbers = details.pop("tax_ids", None)
    owner = _named(account, params, {k: v or None for k, v in details.items()})
    if numbers is not None:
        for kept in tax_ids.of(account, owner["id"]):
            tax_ids.remove(account, kept)
        for number in numbers:
            tax_ids.add(account, owner, number["type"], number["value"])
    return owner


def _named(account: Account, params: Params, details: Params) -> Document:
    named = params.get("customer")
    if "subscription" in params:
        named = account.get("subscription", params["subscription"], "subscription")["customer"]
    if named:
        return change(account, None, alive(account, named, "customer"), **details)
    if "customer_details" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    return create_customer(account, **details)


def _put(account: Account, owner: Document, given: Params, params: Params) -> None:
    """An invoice item as it would be added or changed."""
    if "invoiceitem" in given:
        found = account.get("invoiceitem", given.pop("invoiceitem"), "invoice_items[invoiceitem]")
        repriced_item(account, found, given)
        return
    if "currency" not in given and "currency" in params:
        given["currency"] = params["currency"]
    said = item_details(given) | {"subscription": params.get("subscription")}
    waiting = invoice_items.Waiting(**said, **priced(account, given))
    item = invoice_items.create(account, owner["id"], waiting)
    set_discounts(account, item, given)


def _of_subscription(account: Account, params: Params) -> Document:
    details: dict[str, Any] = dict(params.get("subscription_details", {}))
    subscription = account.get("subscription", params["subscription"], "subscription")
    made = apply_update(account, subscription, details)
    if made is not None:
        return made
    if subscription["ended_at"] or ends_with_period(subscription):
        raise _nothing_upcoming(subscription["customer"])
    return renewal(account, subscription)


def _of_new_subscription(account: Account, owner: Document, params: Params) -> Document:
    _, invoice = open_first(account, params["subscription_details"] | {"customer": owner["id"]})
    return invoice


def _of_customer(account: Account, owner: Document, currency: str | None) -> Document:
    customer = owner["id"]
    live = [s for s in account.find("subscription", customer=customer) if _renews(s)]
    if live:
        return renewal(account, live[0])
    _, lines = pending_lines(account, customer, None, currency)
    if not lines:
        raise _nothing_upcoming(customer)
    plan = Draft(customer=customer, currency=lines[0].currency, reason="upcoming", lines=lines)
    return draft(account, plan)


def _renews(subscription: Document) -> bool:
    paused = subscription["status"] == "paused"
    return not (subscription["ended_at"] or ends_with_period(subscription) or paused)


def _nothing_upcoming(customer: str) -> Exception:
    return invalid(f"No upcoming invoices for customer: {customer}", code="invoice_upcoming_none")
