"""Customers: created by the API or in passing by Checkout, and deleted."""

from typing import Any

from sandbox.stripe.billing import standing
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, public, shape
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import invoice_prefix


def create_customer(account: Account, **values: Any) -> Document:
    clock = values.get("test_clock")
    fields: dict[str, Any] = {
        "balance": 0,
        "created": account.now(clock or ""),
        "delinquent": False,
        "invoice_prefix": invoice_prefix(),
        "invoice_settings": {},
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
    customer = shape("customer", **(fields | values))
    account.save(customer)
    emit(account, "customer.created", customer)
    return customer


def delete_customer(account: Account, customer: Document) -> Document:
    """End what the customer subscribes to and leave a stub that says they are gone."""
    identifier = customer["id"]
    for subscription in account.find("subscription", customer=identifier):
        if subscription["status"] not in standing.ENDED:
            standing.end(account, subscription, reason="cancellation_requested")
    last = duplicate(public(customer))
    stub = {"id": identifier, "object": "customer", "deleted": True}
    account.store.save(stub)
    emit(account, "customer.deleted", last)
    return stub
