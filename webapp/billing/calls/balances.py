"""A customer's balance at Stripe, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.billing.objects.customer import StripeEntry
from webapp.billing.objects.document import Document
from webapp.billing.stripe_gateway import ask, ask_changed
from webapp.money import Money


def entries(customer: str) -> Iterator[StripeEntry]:
    """The newest first. https://docs.stripe.com/api/customer_balance_transactions/list"""
    wanted: Document = {"limit": 100}
    while True:
        page = _page(customer, wanted)
        yield from map(StripeEntry.read, page["data"])
        if not page["has_more"]:
            return
        wanted = wanted | {"starting_after": page["data"][-1]["id"]}


def _page(customer: str, params: Document) -> Document:
    return ask(lambda v1: v1.customers.balance_transactions.list(customer, params))


def move(customer: str, credit: Money, named: dict[str, str], key: str) -> StripeEntry:
    """Lessen a customer's credit (below nothing), since it is paid back, or add to it. The caller
    has looked whether it was done.

    https://docs.stripe.com/api/customer_balance_transactions/create
    """
    params: Document = {"amount": -credit.minor, "currency": credit.currency.lower()}
    params["metadata"] = named
    made = ask_changed(
        customer, key,
        lambda v1, once: v1.customers.balance_transactions.create(customer, params, once),
    )  # fmt: skip
    return StripeEntry.read(made)
