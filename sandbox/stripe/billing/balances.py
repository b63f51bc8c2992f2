"""A customer's invoice balance and the ledger it is the sum of.

Negative is credit, positive is owed. Source: https://docs.stripe.com/billing/customer/balance: the
balance is applied to the next invoice that is finalised; an invoice below nothing goes to it; an
amount too small to charge is moved to it and the invoice counts as paid.
"""

from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.events import change

SMALLEST = {"gbp": 30}
"""The least that can be charged, where it is not 50; https://docs.stripe.com/currencies has more
of them than are played."""


def move(account: Account, owner: Document, amount: int, kind: str, **details: Any) -> Document:
    """Add to the balance (a negative amount is credit) and write down why."""
    ending = owner["balance"] + amount
    entry = shape(
        "customer_balance_transaction",
        amount=amount,
        created=account.time_of(owner),
        currency=details.pop("currency", owner["currency"] or "usd"),
        customer=owner["id"],
        ending_balance=ending,
        livemode=False,
        metadata=details.pop("metadata", {}),
        type=kind,
        **details,
    )
    account.save(entry)
    change(account, "customer.updated", owner, balance=ending)
    return entry


def apply_to(account: Account, invoice: Document, owner: Document) -> None:
    """What is due once the balance has been counted in, at finalisation."""
    before, total = owner["balance"], invoice["total"]
    due = max(total + before, 0) if total >= 0 else 0
    applied = total - due
    named = {"invoice": invoice["id"], "currency": invoice["currency"]}
    if applied:
        move(account, owner, applied, "applied_to_invoice", **named)
    if _is_too_small(invoice, due):
        move(account, owner, due, "invoice_too_small", **named)
        due = 0
    invoice.update(
        starting_balance=before,
        ending_balance=owner["balance"],
        amount_due=due,
        amount_remaining=due,
    )


def _is_too_small(invoice: Document, due: int) -> bool:
    charged = invoice["collection_method"] == "charge_automatically"
    return charged and 0 < due < SMALLEST.get(invoice["currency"], 50)


def unapply(account: Account, invoice: Document) -> None:
    """A voided invoice gives back what it took from the balance."""
    owner = account.get("customer", invoice["customer"])
    used = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if used and not owner.get("deleted"):
        named = {"invoice": invoice["id"], "currency": invoice["currency"]}
        move(account, owner, -used, "unapplied_from_invoice", **named)
