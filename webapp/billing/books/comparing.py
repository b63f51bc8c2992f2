"""What is compared with Stripe, field by field, and a page of it at a time.

A mirror's field is set beside what the same code that mirrors would read from Stripe's document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update

from webapp import clock
from webapp.billing.models import (
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Subscription,
    Transfer,
)
from webapp.billing.models.refund import STATE_OF
from webapp.billing.models.subscription import OVER
from webapp.billing.noting import written
from webapp.billing.objects.document import Document, id_of
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.subscription import StripeSubscription
from webapp.db import session
from webapp.engagements.models import Engagement

# How far back what changes little is looked at; what is open, whatever its age.
BACK = timedelta(days=70)
Row = Any
Fields = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Difference:
    """ours and theirs as text; field 'existence' where one side lacks the object."""

    noun: str
    stripe_id: str
    field: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Compared:
    """A noun of Stripe's with its mirror.

    params: what to list; fields: (ours, theirs) by name; wanted: whether a document is one that we
    would mirror; party: the id in it by which it is known to be ours, and the rows that know it;
    standing: the rows of ours that Stripe has to list (None: all is not listed anyway).
    """

    noun: str
    label: str
    model: type[Row]
    params: Callable[[], Document]
    fields: Callable[[Row, Document], Fields]
    party: Callable[[Document], str | None]
    known_by: Any
    wanted: Callable[[Document], bool] = lambda _found: True
    standing: Callable[[], ColumnElement[bool]] | None = None


def _lately() -> Document:
    return {"created": {"gte": int((clock.now() - BACK).timestamp())}}


def _subscription(row: Subscription, document: Document) -> Fields:
    found = StripeSubscription.read(document)
    return {
        "status": (row.status, found.status),
        "price_minor": (row.price_minor, found.price.minor),
        "renews_at": (row.renews_at, None if found.over else found.renews_at),
        "cancel_at_period_end": (row.cancel_at_period_end, found.cancel_at_period_end),
        "cancels_at": (row.cancels_at, found.cancels_at),
        "ended_at": (row.ended_at, found.ended_at),
    }


def _not_replaced(document: Document) -> bool:
    """One that Stripe gave up on has another in its place; ours is the mirror of that."""
    return document["status"] != "canceled" or not Subscription.replaced(document["id"])


def _invoice(row: Invoice, document: Document) -> Fields:
    found = StripeInvoice.read(document)
    return {
        "status": (row.status, found.status),
        "number": (row.number, found.number),
        "total_minor": (row.total_minor, found.total.minor),
        "tax_minor": (row.tax_minor, found.tax.minor),
        "discount_minor": (row.discount_minor, found.discount.minor),
        "balance_applied_minor": (row.balance_applied_minor, found.balance_applied.minor),
        "paid_minor": (row.paid_minor, found.paid.minor),
        "due_minor": (row.due_minor, found.due.minor),
        "attempts": (row.attempts, found.attempts),
        "paid_at": (row.paid_at, found.paid_at),
    }


def _issued(document: Document) -> bool:
    """Drafts, and invoices on which nothing has a price, are not mirrored."""
    found = StripeInvoice.read(document)
    return found.status != "draft" and any(line.amount for line in found.lines)


def _charge(row: Payment, document: Document) -> Fields:
    return {
        "amount_minor": (row.amount_minor, document["amount_captured"] or document["amount"]),
        "refunded_minor": (row.refunded_minor, document["amount_refunded"]),
        "disputed": (row.disputed, document["disputed"]),
    }


def _refund(row: Refund, document: Document) -> Fields:
    state = STATE_OF.get(document["status"], "pending")
    return {"amount_minor": (row.amount_minor, document["amount"]), "state": (row.state, state)}


def _credit_note(row: CreditNote, document: Document) -> Fields:
    state = "void" if document["status"] == "void" else "issued"
    return {"amount_minor": (row.amount_minor, document["amount"]), "state": (row.state, state)}


def _dispute(row: Dispute, document: Document) -> Fields:
    return {
        "amount_minor": (row.amount_minor, document["amount"]),
        "status": (row.status, document["status"]),
    }


def _transfer(row: Transfer, document: Document) -> Fields:
    whole = document["amount"] == document["amount_reversed"]
    return {
        "amount_minor": (row.amount_minor, document["amount"]),
        "reversed": (row.state == "reversed", whole),
    }


def _customer_of(document: Document) -> str | None:
    return id_of(document.get("customer"))


def _customer(row: Customer, document: Document) -> Fields:
    return {"credit_minor": (row.credit_minor, -(document.get("balance") or 0))}


def _still_charged() -> ColumnElement[bool]:
    """Customers with a subscription that goes on; one who has none may be gone from Stripe."""
    live = select(Subscription.id).join(Engagement).where(
        Engagement.company_id == Customer.company_id, Subscription.status.not_in(OVER)
    )  # fmt: skip
    return live.exists()


COMPARED: tuple[Compared, ...] = (
    Compared("customer", "Customers", Customer, dict, _customer,
             lambda found: found["id"], Customer.stripe_id, standing=_still_charged),
    Compared("customer.subscription", "Subscriptions", Subscription, lambda: {"status": "all"},
             _subscription, _customer_of, Customer.stripe_id, wanted=_not_replaced,
             standing=lambda: Subscription.status.not_in(OVER)),
    Compared("invoice", "Invoices", Invoice, _lately, _invoice, _customer_of, Customer.stripe_id,
             wanted=_issued),
    Compared("invoice", "Open invoices", Invoice, lambda: {"status": "open"}, _invoice,
             _customer_of, Customer.stripe_id, wanted=_issued,
             standing=lambda: Invoice.status == "open"),
    Compared("charge", "Payments", Payment, _lately, _charge, _customer_of, Customer.stripe_id,
             wanted=lambda found: bool(found["status"] == "succeeded")),
    Compared("refund", "Refunds", Refund, _lately, _refund, lambda found: id_of(found["charge"]),
             Payment.stripe_id),
    Compared("credit_note", "Credit notes", CreditNote, _lately, _credit_note, _customer_of,
             Customer.stripe_id),
    Compared("charge.dispute", "Disputes", Dispute, _lately, _dispute,
             lambda found: id_of(found["charge"]), Payment.stripe_id),
    Compared("transfer", "Transfers", Transfer, _lately, _transfer, lambda found: found["id"],
             Transfer.stripe_id),
)  # fmt: skip


def differences(
    compared: Compared, documents: Sequence[Document]
) -> tuple[list[Difference], list[str]]:
    """What a page of Stripe's list and our rows tell differently, and the ids of those alike.

    Two queries a page. What is not ours, or is not mirrored on purpose, is passed by.
    """
    ours = _ours(compared, documents)
    rows = _rows(compared.model, [found["id"] for found in ours])
    differing: list[Difference] = []
    alike: list[str] = []
    for found in ours:
        told = _told(compared, rows.get(found["id"]), found)
        differing += told
        alike += [] if told else [found["id"]]
    return differing, alike


def _ours(compared: Compared, documents: Sequence[Document]) -> list[Document]:
    parties = {compared.party(found) for found in documents} - {None}
    known = set(session.scalars(select(compared.known_by).where(compared.known_by.in_(parties))))
    return [
        found for found in documents if compared.party(found) in known and compared.wanted(found)
    ]


def _rows(model: type[Row], stripe_ids: Iterable[str]) -> dict[str, Row]:
    found = select(model).where(model.stripe_id.in_(list(stripe_ids)))
    fresh = found.execution_options(populate_existing=True)
    return {row.stripe_id: row for row in session.scalars(fresh).unique()}


def _told(compared: Compared, row: Row | None, document: Document) -> list[Difference]:
    noun, stripe_id = compared.noun, str(document["id"])
    if row is None:
        return [Difference(noun, stripe_id, "existence", "not here", "here")]
    pairs = compared.fields(row, document).items()
    return [
        Difference(noun, stripe_id, name, written(ours), written(theirs))
        for name, (ours, theirs) in pairs
        if ours != theirs
    ]


def mark_alike(compared: Compared, stripe_ids: Sequence[str]) -> None:
    """What was found alike counts as read just now, so that it need not be read for a day."""
    if hasattr(compared.model, "synced_at"):
        rows = update(compared.model).where(compared.model.stripe_id.in_(stripe_ids))
        session.execute(rows.values(synced_at=clock.now()))


def unlisted(compared: Compared, since: datetime) -> list[Difference]:
    """Our rows that Stripe had to list and did not, after all its pages from `since` on."""
    if compared.standing is None:
        return []
    model = compared.model
    rows = select(model.stripe_id).where(model.synced_at < since, compared.standing())
    return [
        Difference(compared.noun, stripe_id, "existence", "here", "not listed")
        for stripe_id in session.scalars(rows.order_by(model.stripe_id).limit(1000))
    ]
