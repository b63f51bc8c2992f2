"""Tables of the books as CSV, for an accountant: ISO dates, exact decimals, no formulas.

They add up. Of an invoice that is not void: total = credited + from_credit + paid + written_off +
due. Of all that were paid, `paid` is what the payments say, those made outside Stripe among them.
"""

from __future__ import annotations

import csv
import heapq
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import joinedload

from webapp.billing.books.journal import instants
from webapp.billing.models import CreditNote, Invoice, Payment, Refund, Transfer
from webapp.billing.states import STATES, state
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money

Cells = list[Any]
AT_A_TIME = 500
# A cell that begins so is read as a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows_of(kind: str, first: date, last: date, zone: str) -> Iterator[Cells]:
    """The head and the rows of a table, for the days [first, last] where the firm is."""
    head, read = TABLES[kind]
    yield head.split()
    yield from read(*instants(first, last, zone))


def csv_text(rows: Iterable[Cells]) -> Iterator[str]:
    """RFC 4180, a row at a time."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([cell(value) for value in row])
        yield line.getvalue()


def cell(value: Any) -> str:
    """Instants in UTC; amounts as decimals of their currency; text that is no formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Money):
        return str(value.major)
    if isinstance(value, date | int | Decimal | bool):
        return value.isoformat() if isinstance(value, date) else str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _stream(rows: Select[Any]) -> Iterable[Any]:
    return session.scalars(rows.execution_options(yield_per=AT_A_TIME))


def _client(invoice: Invoice) -> str:
    return invoice.engagement.company.name if invoice.engagement.company else ""


def _with_client(path: Any) -> Any:
    return path.joinedload(Engagement.company)


def _invoices(start: datetime, end: datetime) -> Select[Any]:
    rows = select(Invoice).where(Invoice.issued_at >= start, Invoice.issued_at < end)
    rows = rows.options(_with_client(joinedload(Invoice.engagement)))
    return rows.order_by(Invoice.issued_at, Invoice.id)


def _with_states(start: datetime, end: datetime) -> Iterable[tuple[Invoice, str, Money]]:
    """Invoices, each with its state in a word for people, and what credit notes lessened it by."""
    rows = _invoices(start, end).add_columns(state().label("state"), _lessened().label("lessened"))
    found = session.execute(rows.execution_options(yield_per=AT_A_TIME))
    return (
        (row[0], STATES[row.state].word, Money(int(row.lessened), row[0].currency)) for row in found
    )


def _lessened() -> ScalarSelect[int]:
    """By credit notes while it was open."""
    amount = func.coalesce(func.sum(CreditNote.amount_minor), 0)
    ours = select(amount).where(CreditNote.invoice_id == Invoice.id)
    lessening = ours.where(CreditNote.means == "reduce", CreditNote.state == "issued")
    return lessening.correlate(Invoice).scalar_subquery()


def invoices(start: datetime, end: datetime) -> Iterator[Cells]:
    for row, word, credited in _with_states(start, end):
        lost = row.due if row.status == "uncollectible" else Money(0, row.currency)
        yield [
            row.number, row.stripe_id, _client(row), word, row.issued_at, row.due_on, row.paid_at,
            row.currency, row.subtotal, row.discount, row.tax, row.total, credited,
            row.balance_applied, row.paid, lost, row.due - lost,
            "yes" if row.out_of_band else "no",
            "yes" if row.reverse_charge else "no",
        ]  # fmt: skip


def lines(start: datetime, end: datetime) -> Iterator[Cells]:
    for row, word, _ in _with_states(start, end):
        for line in row.lines:
            yield [
                row.number, row.stripe_id, _client(row), word, row.issued_at,
                line.get("kind") or "", line["text"], line["starts"][:10], line["ends"][:10],
                row.currency, Money(line["minor"], row.currency),
                Money(line.get("tax") or 0, row.currency),
            ]  # fmt: skip


def _payments(start: datetime, end: datetime) -> Select[Any]:
    rows = select(Payment).where(Payment.paid_at >= start, Payment.paid_at < end)
    owner = joinedload(Payment.invoice).joinedload(Invoice.engagement)
    return rows.options(_with_client(owner)).order_by(Payment.paid_at, Payment.id)


def payments(start: datetime, end: datetime) -> Iterator[Cells]:
    """What came in, in the order in which it came, outside Stripe too."""
    charged, outside = _charged(start, end), _outside(start, end)
    return heapq.merge(charged, outside, key=lambda row: row[PAID_AT])


PAID_AT = 3


def _charged(start: datetime, end: datetime) -> Iterator[Cells]:
    for row in _stream(_payments(start, end)):
        yield [
            row.stripe_id, row.invoice.number, _client(row.invoice), row.paid_at, row.method,
            row.last4, row.currency, row.amount, Money(row.refunded_minor, row.currency),
            "yes" if row.disputed else "no",
        ]  # fmt: skip


def _outside(start: datetime, end: datetime) -> Iterator[Cells]:
    """Invoices that finance recorded as paid: no charge of Stripe's tells of them."""
    rows = select(Invoice).where(
        Invoice.out_of_band, Invoice.status == "paid",
        Invoice.paid_at >= start, Invoice.paid_at < end,
    )  # fmt: skip
    rows = rows.options(_with_client(joinedload(Invoice.engagement)))
    for row in _stream(rows.order_by(Invoice.paid_at, Invoice.id)):
        nothing = Money(0, row.currency)
        yield [
            "", row.number, _client(row), row.paid_at, "outside Stripe", "", row.currency,
            row.paid, nothing, "no",
        ]  # fmt: skip


def refunds(start: datetime, end: datetime) -> Iterator[Cells]:
    rows = select(Refund).where(Refund.created_at >= start, Refund.created_at < end)
    owner = joinedload(Refund.invoice).joinedload(Invoice.engagement)
    rows = rows.options(_with_client(owner)).order_by(Refund.created_at, Refund.id)
    for row in _stream(rows):
        yield [
            row.stripe_id, row.invoice.number, _client(row.invoice), row.created_at, row.state,
            row.reason, row.currency, row.amount,
        ]  # fmt: skip


def credit_notes(start: datetime, end: datetime) -> Iterator[Cells]:
    """means: 'reduce' (less was due), 'refund' (the paper to a refund), 'credit' (for the next
    invoices), 'outside' (given back outside Stripe)."""
    rows = select(CreditNote).where(CreditNote.created_at >= start, CreditNote.created_at < end)
    owner = joinedload(CreditNote.invoice).joinedload(Invoice.engagement)
    rows = rows.options(_with_client(owner), joinedload(CreditNote.refund))
    for row in _stream(rows.order_by(CreditNote.created_at, CreditNote.id)):
        tax = Money(row.tax_minor, row.currency)
        yield [
            row.number, row.stripe_id, row.invoice.number, _client(row.invoice), row.created_at,
            row.state, row.means, row.reason, row.note, row.refund.stripe_id if row.refund else "",
            row.currency, row.amount - tax, tax, row.amount,
        ]  # fmt: skip


def fees(start: datetime, end: datetime) -> Iterator[Cells]:
    """What Stripe kept of each payment, in the currency it settled in."""
    for row in _stream(_payments(start, end).where(Payment.fee_minor.is_not(None))):
        net = Money(row.net_minor or 0, row.settled_currency)
        yield [
            row.stripe_id, row.invoice.number, row.paid_at, row.settled_currency, net + row.fee,
            row.fee, net,
        ]  # fmt: skip


def payouts(start: datetime, end: datetime) -> Iterator[Cells]:
    rows = select(Transfer).where(Transfer.created_at >= start, Transfer.created_at < end)
    rows = rows.options(joinedload(Transfer.invoice), joinedload(Transfer.consultant))
    for row in _stream(rows.order_by(Transfer.created_at, Transfer.id)):
        taken = sum(one.minor for one in row.reversals)
        yield [
            row.stripe_id, row.invoice.number, row.consultant.name, row.part, row.share_percent,
            row.state, row.created_at, row.sent_at, row.currency,
            Money(row.earned_minor, row.currency), Money(taken, row.currency),
            Money(row.set_off_minor, row.currency), Money(row.amount_minor, row.currency),
        ]  # fmt: skip


Read = Callable[[datetime, datetime], Iterator[Cells]]
TABLES: dict[str, tuple[str, Read]] = {
    "invoices": ("number stripe_id client state issued_at due_on paid_at currency subtotal discount"
                 " tax total credited from_credit paid written_off due out_of_band reverse_charge",
                 invoices),
    "lines": ("invoice stripe_id client state issued_at kind text starts ends currency amount tax",
              lines),
    "payments": ("stripe_id invoice client paid_at method last4 currency amount refunded disputed",
                 payments),
    "refunds": ("stripe_id invoice client made_at state reason currency amount", refunds),
    "credit_notes": ("number stripe_id invoice client made_at state means reason note refund"
                     " currency net tax amount", credit_notes),
    "fees": ("stripe_id invoice paid_at currency gross fee net", fees),
    "payouts": ("stripe_id invoice consultant part share_percent state owed_at sent_at currency"
                " earned taken_back set_off sent", payouts),
}  # fmt: skip
