"""What an invoice is, in one word: the same on every page and in every export.

Worked out by PostgreSQL from our mirrors, in one place: lists are narrowed by the word they show.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    ScalarSelect,
    Select,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)

from webapp import clock
from webapp.billing.models import Dispute, Invoice, Payment, Refund
from webapp.billing.models.dispute import OVER
from webapp.db import session
from webapp.engagements.models import Engagement


@dataclass(frozen=True)
class State:
    """word: for a person; tone: how much it matters, as the style sheet names it."""

    key: str
    word: str
    tone: str


STATES = {
    found.key: found
    for found in (
        State("open", "Open", "warn"),
        State("on_its_way", "On its way", "info"),
        State("overdue", "Overdue", "bad"),
        State("paid", "Paid", "good"),
        State("disputed", "Disputed", "bad"),
        State("lost", "Lost in a dispute", "bad"),
        State("part_refunded", "Refunded in part", "neutral"),
        State("refunded", "Refunded", "neutral"),
        State("void", "Void", "neutral"),
        State("uncollectible", "Written off", "bad"),
    )
}


def states_of(invoices: Iterable[Invoice]) -> dict[uuid.UUID, State]:
    """Each one's state, in one query."""
    ids = [invoice.id for invoice in invoices]
    rows = session.execute(select(Invoice.id, state()).where(Invoice.id.in_(ids)))
    return {row[0]: STATES[row[1]] for row in rows}


# What a client reads otherwise: of a dispute that their bank has with us they hear from their bank.
TO_CLIENTS = {
    "disputed": STATES["paid"],
    "lost": State("lost", "Paid back by your bank", "neutral"),
    "void": State("void", "Cancelled", "neutral"),
    "uncollectible": State("uncollectible", "Not paid", "bad"),
}


def client_states_of(invoices: Iterable[Invoice]) -> dict[uuid.UUID, State]:
    """The same in a client's words."""
    found = states_of(invoices)
    return {key: TO_CLIENTS.get(state.key, state) for key, state in found.items()}


def state() -> ColumnElement[str]:
    """A key of STATES. Paid outside Stripe is paid, as soon as finance has said so."""
    unpaid = and_(Invoice.status.in_(("open", "uncollectible")), Invoice.settled_note != "")
    back = _given_back()
    return case(
        (Invoice.status == "void", "void"),
        (unpaid, "paid"),
        (Invoice.status == "uncollectible", "uncollectible"),
        (and_(Invoice.status == "open", Invoice.processing), "on_its_way"),
        (is_overdue(), "overdue"),
        (Invoice.status.in_(("open", "draft")), "open"),
        (_contested().where(Dispute.status == "lost").exists(), "lost"),
        (_contested().where(undecided()).exists(), "disputed"),
        (and_(back > 0, back >= Invoice.paid_minor), "refunded"),
        (back > 0, "part_refunded"),
        else_="paid",
    )


def _contested() -> Select[uuid.UUID]:
    theirs = select(Dispute.id).join(Payment, Payment.id == Dispute.payment_id)
    return theirs.where(Payment.invoice_id == Invoice.id).correlate(Invoice)


def undecided() -> ColumnElement[bool]:
    """A dispute for which the bank has taken the money; while it asks only, it has not."""
    asks = Dispute.status.startswith("warning_", autoescape=True)
    return and_(Dispute.status.not_in(OVER), ~asks)


def _given_back() -> ScalarSelect[int]:
    returned = func.coalesce(func.sum(Refund.amount_minor), 0)
    ours = select(returned).where(Refund.invoice_id == Invoice.id, Refund.state != "failed")
    return ours.correlate(Invoice).scalar_subquery()


# -- what is late ----------------------------------------------------------------------------------


def late_since() -> ColumnElement[datetime]:
    """As `Invoice.late_since`: a sent one's due date is past at the client's midnight."""
    due = func.timezone(_zone(), cast(Invoice.due_on + 1, DateTime))
    sent = and_(Invoice.collection == "invoice", Invoice.due_on.is_not(None))
    return case((sent, due), else_=func.coalesce(Invoice.failed_at, Invoice.issued_at))


def is_overdue() -> ColumnElement[bool]:
    """As `Invoice.late`: a charge of it has failed, or its due date is past where the client is."""
    today = cast(func.timezone(_zone(), clock.now()), Date)
    failed = and_(Invoice.collection == "card", Invoice.attempts > 0, ~Invoice.processing)
    sent = Invoice.collection == "invoice"
    past = and_(sent, Invoice.due_on.is_not(None), Invoice.due_on < today)
    return and_(Invoice.status == "open", Invoice.settled_note == "", or_(failed, past))


def _zone() -> ScalarSelect[str]:
    """Where the client is."""
    zone = select(Engagement.time_zone).where(Engagement.id == Invoice.engagement_id)
    return zone.correlate(Invoice).scalar_subquery()
