"""The journal of a span of time, from the mirrors, as text that beancount reads.

https://beancount.github.io/docs/beancount_language_syntax.html
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from webapp.accounts.models import Company
from webapp.billing.books import entries, money_entries
from webapp.billing.books.entries import ACCOUNTS, Posting, Settled, Transaction
from webapp.billing.books.money_entries import Undone
from webapp.billing.models import (
    BalanceEntry,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Transfer,
)
from webapp.billing.returning.splitting import split
from webapp.db import session
from webapp.engagements.models import Engagement, StageChange
from webapp.money import Money

# Nothing that is paid ahead is earned later than this after it was invoiced.
LONGEST_AHEAD = timedelta(days=100)
# Any row changes within what Stripe may take to settle it; a day either side for zones.
SLACK = timedelta(days=1)


def journal(first: date, last: date, zone: str) -> list[Transaction]:
    """All that is booked on the days [first, last] where the firm is, by day."""
    found = chain(
        *(_of_invoices(first, last, zone)), _of_payments(first, last, zone),
        _of_refunds(first, last, zone), _of_notes(first, last, zone),
        _of_disputes(first, last, zone), _of_transfers(first, last, zone),
        _of_balances(first, last, zone), _of_kept_deposits(first, last, zone),
    )  # fmt: skip
    booked = (one for one in found if first <= one.on <= last and one.postings)
    return sorted(booked, key=lambda one: (one.on, one.source, one.text))


def instants(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """[start of the first day, end of the last) as instants."""
    place = ZoneInfo(zone)
    start = datetime(first.year, first.month, first.day, tzinfo=place)
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=place)
    return start.astimezone(UTC), end.astimezone(UTC)


def _payee(invoice: Invoice) -> str:
    company = invoice.engagement.company
    return company.name if company else "a client"


def _owner(path: Any) -> Any:
    return path.joinedload(Invoice.engagement).joinedload(Engagement.company)


def _rows(query: Select[Any]) -> Iterable[Any]:
    return session.scalars(query).unique()


def _of_invoices(first: date, last: date, zone: str) -> Iterator[Iterator[Transaction]]:
    start, end = instants(first, last, zone)
    owner = joinedload(Invoice.engagement).joinedload(Engagement.company)
    ways = (Invoice.paid_at, Invoice.voided_at, Invoice.written_off_at)
    lately = or_(Invoice.issued_at >= start - LONGEST_AHEAD, *(at >= start for at in ways))
    wanted = and_(lately, Invoice.issued_at < end)
    settled = _settled(wanted, zone)
    rows = select(Invoice).where(wanted).options(owner)
    for invoice in _rows(rows.order_by(Invoice.issued_at, Invoice.id)):
        how = settled.get(invoice.id, Settled())
        yield entries.of_invoice(invoice, _payee(invoice), zone, how)
        yield entries.earned(invoice, _payee(invoice), zone)


def _settled(wanted: ColumnElement[bool], zone: str) -> dict[uuid.UUID, Settled]:
    """How these invoices were settled, by their id."""
    paid = select(Payment.invoice_id, func.sum(Payment.amount_minor)).join(Payment.invoice)
    cut = select(CreditNote.invoice_id, func.sum(CreditNote.amount_minor)).join(CreditNote.invoice)
    cut = cut.where(CreditNote.state == "issued", CreditNote.means == "reduce")
    told = dict(_pairs(paid.where(wanted).group_by(Payment.invoice_id)))
    taken = dict(_pairs(cut.where(wanted).group_by(CreditNote.invoice_id)))
    notes = _bookings(wanted, zone)
    return {key: Settled(told.get(key, 0), taken.get(key, 0), tuple(notes[key]))
            for key in {*told, *taken}}  # fmt: skip


def _bookings(wanted: ColumnElement[bool], zone: str) -> dict[uuid.UUID, list[Transaction]]:
    """Of the credit notes that lessened what was given up since, by its id."""
    rows = select(CreditNote).join(CreditNote.invoice).where(
        wanted, CreditNote.means == "reduce",
        or_(Invoice.status == "void", Invoice.written_off_at.is_not(None)),
    )  # fmt: skip
    found: dict[uuid.UUID, list[Transaction]] = defaultdict(list)
    for row in _rows(rows.options(_owner(contains_eager(CreditNote.invoice)))):
        found[row.invoice_id] += _of_note(row, zone)
    return found


def _pairs(query: Any) -> Iterator[tuple[uuid.UUID, int]]:
    return ((key, int(minor)) for key, minor in session.execute(query))


def _of_payments(first: date, last: date, zone: str) -> Iterator[Transaction]:
    for row in _between(Payment, Payment.paid_at, instants(first, last, zone)):
        yield from money_entries.of_payment(row, _payee(row.invoice), zone)


def _of_refunds(first: date, last: date, zone: str) -> Iterator[Transaction]:
    for row in _between(Refund, Refund.created_at, instants(first, last, zone)):
        paper = CreditNote.of_refund(row)
        tax = paper.tax_minor if paper and paper.state == "issued" else None
        undone = Undone(split(row.invoice).deposit_of.get(row.id, 0), tax)
        yield from money_entries.of_refund(row, _payee(row.invoice), zone, undone)


def _of_notes(first: date, last: date, zone: str) -> Iterator[Transaction]:
    for row in _between(CreditNote, CreditNote.created_at, instants(first, last, zone)):
        yield from _of_note(row, zone)


def _of_note(row: CreditNote, zone: str) -> Iterator[Transaction]:
    undone = Undone(split(row.invoice).deposit_of.get(row.id, 0), row.tax_minor)
    return money_entries.of_credit_note(row, _payee(row.invoice), zone, undone)


def _between(noun: Any, at: SQLColumnExpression[Any], span: tuple[datetime, datetime]) -> Any:
    """Rows of a noun that is about an invoice, with whose it is, of the instants [start, end)."""
    rows = select(noun).where(at >= span[0], at < span[1])
    return _rows(rows.options(_owner(joinedload(noun.invoice))))


def _of_disputes(first: date, last: date, zone: str) -> Iterator[Transaction]:
    start, end = instants(first, last, zone)
    lately = or_(Dispute.opened_at >= start, Dispute.closed_at >= start)
    rows = select(Dispute).where(lately, Dispute.opened_at < end)
    paid = joinedload(Dispute.payment).joinedload(Payment.invoice)
    for row in _rows(rows.options(_owner(paid))):
        undone = Undone(split(row.invoice).deposit_of.get(row.id, 0))
        yield from money_entries.of_dispute(row, _payee(row.invoice), zone, undone)


def _of_balances(first: date, last: date, zone: str) -> Iterator[Transaction]:
    start, end = instants(first, last, zone)
    rows = select(BalanceEntry, Company.name).join(
        Customer, Customer.id == BalanceEntry.customer_id).join(Company)  # fmt: skip
    wanted = rows.where(BalanceEntry.made_at >= start, BalanceEntry.made_at < end)
    for row, payee in session.execute(wanted.order_by(BalanceEntry.number)):
        yield from money_entries.of_balance(row, payee, zone)


def _of_kept_deposits(first: date, last: date, zone: str) -> Iterator[Transaction]:
    start, end = instants(first, last, zone)
    cancelled = (StageChange.from_stage == "onboarding", StageChange.to_stage == "ended")
    rows = select(Invoice, StageChange.at).join(
        StageChange, StageChange.engagement_id == Invoice.engagement_id)  # fmt: skip
    wanted = rows.where(*cancelled, StageChange.at >= start, StageChange.at < end)
    paid = wanted.where(Invoice.status == "paid").options(
        joinedload(Invoice.engagement).joinedload(Engagement.company)
    )
    for invoice, at in session.execute(paid.order_by(Invoice.id)).unique():
        held = split(invoice).held
        yield from money_entries.of_kept_deposit(invoice, _payee(invoice), zone, at, held)


def _of_transfers(first: date, last: date, zone: str) -> Iterator[Transaction]:
    """What was taken back may be long after: all of them are few beside the invoices."""
    _, end = instants(first, last, zone)
    rows = select(Transfer).where(Transfer.created_at < end).order_by(Transfer.id)
    told = (joinedload(Transfer.invoice), selectinload(Transfer.reversals))
    for row in _rows(rows.options(*told)):
        yield from money_entries.of_transfer(row, zone)


# -- as text ---------------------------------------------------------------------------------------


def beancount(transactions: Iterable[Transaction], title: str) -> Iterator[str]:
    """The lines of a file that beancount reads: accounts opened, then each transaction."""
    yield f'option "title" {_quoted(title)}\n\n'
    for account in ACCOUNTS:
        yield f"1970-01-01 open {account}\n"
    for one in transactions:
        yield "\n" + _written(one)


def _written(one: Transaction) -> str:
    head = f"{one.on.isoformat()} * {_quoted(one.payee)} {_quoted(one.text)}\n"
    source = f"  source: {_quoted(one.source)}\n"
    return head + source + "".join(_posting(posting) for posting in one.postings)


def _posting(posting: Posting) -> str:
    line = f"  {posting.account:<32} {_amount(posting.amount):>18}"
    if posting.cost:
        line += f" @@ {_amount(Money(abs(posting.cost.minor), posting.cost.currency))}"
    return line + "\n"


def _amount(amount: Money) -> str:
    return f"{amount.major} {amount.currency}"


def _quoted(text: str) -> str:
    """A string of one line; what could end it is escaped."""
    plain = " ".join(text.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
