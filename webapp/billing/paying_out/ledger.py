"""The consultants' side of the books: every movement of a share, and what it adds up to.

A movement is never edited: a share is earned, taken back, sent, called back, each on its day. Their
sum is what the firm owes a consultant; below zero it is what they owe the firm.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    Subquery,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload, selectinload

from webapp.billing.models import Invoice, Transfer
from webapp.billing.models import TransferReversal as Reversal
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money

Column = SQLColumnExpression[Any]
AnyRows = Select[*tuple[Any, ...]]
EARNED, TAKEN, SENT, RETURNED = "earned", "taken_back", "sent", "returned"


@dataclass(frozen=True)
class Movement:
    """kind: 'earned' and 'returned' add to what the firm owes, 'taken_back' and 'sent' lessen it;
    the amount is signed so."""

    at: datetime
    kind: str
    amount: Money
    transfer: Transfer


@dataclass(frozen=True)
class Standing:
    """How a consultant stands in one currency. waiting: for their account; held: for a decision;
    on_the_way: handed to Stripe; owed: debts not set off yet. sent: less what was called back."""

    currency: str
    earned: Money
    waiting: Money
    held: Money
    on_the_way: Money
    sent: Money
    returned: Money
    owed: Money


def _movements() -> Subquery:
    """transfer_id, consultant_id, currency, at, kind, minor of every movement."""
    of_transfer = (Transfer.id.label("transfer_id"), Transfer.consultant_id, Transfer.currency)
    back = select(*of_transfer).select_from(Reversal).join(Transfer)
    return union_all(
        _rows(select(*of_transfer), Transfer.created_at, EARNED, Transfer.earned_minor),
        _rows(back, Reversal.created_at, TAKEN, -Reversal.minor),
        _rows(select(*of_transfer), Transfer.sent_at, SENT, -Transfer.amount_minor),
        _rows(back, Reversal.made_at, RETURNED, Reversal.minor),
    ).subquery("movement")


def _rows(rows: AnyRows, at: Column, kind: str, minor: Column) -> AnyRows:
    told = rows.add_columns(at.label("at"), literal(kind, String).label("kind"),
                            minor.label("minor"))  # fmt: skip
    return told.where(at.is_not(None))


def balances_before(consultant_id: uuid.UUID, instant: datetime) -> dict[str, int]:
    """Minor units by currency that the firm owed just before an instant."""
    moved = _movements()
    rows = select(moved.c.currency, func.sum(moved.c.minor)).where(
        moved.c.consultant_id == consultant_id, moved.c.at < instant
    )
    return {
        currency: int(minor) for currency, minor in session.execute(rows.group_by(moved.c.currency))
    }


def movements_between(
    consultant_id: uuid.UUID, first: datetime, until: datetime
) -> Sequence[Movement]:
    """Those at or after `first` and before `until`, oldest first, with their invoices."""
    moved = _movements()
    rows = select(moved.c.at, moved.c.kind, moved.c.minor, Transfer).join(
        Transfer, Transfer.id == moved.c.transfer_id
    )
    company = (
        joinedload(Transfer.invoice).joinedload(Invoice.engagement).joinedload(Engagement.company)
    )
    theirs = rows.where(
        moved.c.consultant_id == consultant_id, moved.c.at >= first, moved.c.at < until
    )
    found = session.execute(theirs.options(company).order_by(moved.c.at, Transfer.id, moved.c.kind))
    return [
        Movement(at, kind, Money(int(minor), row.currency), row) for at, kind, minor, row in found
    ]


def months_of(consultant_id: uuid.UUID, zone: str) -> list[str]:
    """'YYYY-MM' of each month in which something moved, by the calendar of a zone, newest first."""
    moved = _movements()
    month = func.to_char(func.timezone(zone, moved.c.at), "YYYY-MM")
    rows = select(month).where(moved.c.consultant_id == consultant_id)
    return list(session.scalars(rows.distinct().order_by(month.desc())))


def standings() -> dict[uuid.UUID, list[Standing]]:
    """How every consultant stands, by currency: two queries, however many they are."""
    return _standings(None)


def standing_of(consultant_id: uuid.UUID) -> list[Standing]:
    return _standings(consultant_id).get(consultant_id, [])


def _standings(consultant_id: uuid.UUID | None) -> dict[uuid.UUID, list[Standing]]:
    taken = _taken()
    left = Transfer.earned_minor - func.coalesce(taken.c.taken, 0)
    to_send = left - Transfer.set_off_minor
    called_back = func.coalesce(taken.c.made, 0)

    def sum_of(value: Column, *states: str) -> ColumnElement[int]:
        only = func.sum(value).filter(Transfer.state.in_(states))
        return func.coalesce(only, 0)

    went = Transfer.sent_at.is_not(None)
    rows = select(
        Transfer.consultant_id,
        Transfer.currency,
        func.sum(left),
        sum_of(to_send, "waiting"),
        sum_of(to_send, "held"),
        sum_of(Transfer.amount_minor, "intended"),
        func.coalesce(func.sum(Transfer.amount_minor - called_back).filter(went), 0),
        func.coalesce(func.sum(called_back), 0),
        func.coalesce(func.sum(taken.c.owed), 0),
    ).outerjoin(taken, taken.c.transfer_id == Transfer.id)
    if consultant_id:
        rows = rows.where(Transfer.consultant_id == consultant_id)
    found: dict[uuid.UUID, list[Standing]] = {}
    keys = (Transfer.consultant_id, Transfer.currency)
    for whose, currency, *sums in session.execute(rows.group_by(*keys).order_by(*keys)):
        amounts = [Money(int(minor), currency) for minor in sums]
        found.setdefault(whose, []).append(Standing(currency, *amounts))
    return found


def _taken() -> Subquery:
    """By transfer: all that was taken of it, what Stripe called back, and what is a debt still."""
    made = func.sum(Reversal.minor).filter(Reversal.state == "made")
    owed = func.sum(Reversal.minor - Reversal.settled_minor).filter(Reversal.state == "debt")
    return (
        select(
            Reversal.transfer_id,
            func.sum(Reversal.minor).label("taken"),
            made.label("made"),
            owed.label("owed"),
        )
        .group_by(Reversal.transfer_id)
        .subquery("taken")
    )


def shares_of(consultant_id: uuid.UUID) -> Select[Transfer]:
    """Their shares, the newest first, with what a list says of each."""
    company = (
        joinedload(Transfer.invoice).joinedload(Invoice.engagement).joinedload(Engagement.company)
    )
    rows = select(Transfer).where(Transfer.consultant_id == consultant_id)
    rows = rows.options(company, selectinload(Transfer.reversals))
    return rows.order_by(Transfer.created_at.desc(), Transfer.id)
