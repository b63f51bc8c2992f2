"""A consultant's month: what moved, and what was owed before and after; as a page, CSV and PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date

from webapp.billing.buying.order import midnight
from webapp.billing.paying_out.ledger import (
    EARNED,
    RETURNED,
    SENT,
    TAKEN,
    Movement,
    balances_before,
    movements_between,
)
from webapp.billing.paying_out.working import Working
from webapp.catalog.models import Consultant
from webapp.money import Money

WORDS = {
    EARNED: "Your share",
    TAKEN: "Taken back: the client’s money went back",
    SENT: "Sent to your account",
    RETURNED: "Called back from your account",
}

WORKED_OUT = (
    "paid", "tax", "deposit", "given_back", "base", "share_percent", "cut_by_stripes_fee",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """One currency of a month: opening + movements = closing."""

    currency: str
    opening: Money
    movements: Sequence[Movement]

    @property
    def closing(self) -> Money:
        return sum((one.amount for one in self.movements), self.opening)

    def sum_of(self, *kinds: str) -> Money:
        theirs = (one.amount for one in self.movements if one.kind in kinds)
        return sum(theirs, Money(0, self.currency))


@dataclass(frozen=True)
class Statement:
    """A month by the calendar of the consultant's own zone."""

    consultant: Consultant
    month: date
    accounts: Sequence[Account]

    @property
    def title(self) -> str:
        return title_of(self.month)

    @property
    def code(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def zone(self) -> str:
        return str(self.consultant.time_zone)

    @property
    def empty(self) -> bool:
        return not any(account.movements for account in self.accounts)

    @property
    def totals(self) -> list[tuple[str, str]]:
        """(what, how much) for the mail."""
        rows = []
        for account in self.accounts:
            rows.append(("Earned", account.sum_of(EARNED).format()))
            if account.sum_of(TAKEN):
                rows.append(("Taken back", account.sum_of(TAKEN).format()))
            rows.append(("Sent to your account", (-account.sum_of(SENT, RETURNED)).format()))
            rows.append(("Owed to you at the end", account.closing.format()))
        return rows

    @classmethod
    def of(cls, consultant: Consultant, month: date) -> Statement:
        first, until = bounds(month, str(consultant.time_zone))
        before = balances_before(consultant.id, first)
        moved = movements_between(consultant.id, first, until)
        currencies = sorted({*before, *(one.amount.currency for one in moved)})
        accounts = [
            Account(
                currency,
                Money(before.get(currency, 0), currency),
                [one for one in moved if one.amount.currency == currency],
            )
            for currency in currencies
        ]
        return cls(consultant, month, [one for one in accounts if one.opening or one.movements])


def bounds(month: date, zone: str) -> tuple[datetime, datetime]:
    """[first, until) of a month on the clocks of a zone."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return midnight(month.replace(day=1), zone), midnight(following, zone)


def title_of(month: date) -> str:
    """'November 2026'."""
    return str(format_date(month, "MMMM y", locale="en"))


def month_named(code: str) -> date:
    """ValueError for what is no 'YYYY-MM'."""
    if len(code) != 7:
        raise ValueError(f"no month: {code!r}")
    return date.fromisoformat(f"{code}-01")


def as_csv(statement: Statement) -> str:
    """One line a movement, amounts in major units with a point, dates in the consultant's zone.

    A share's line says what it was worked out from: base = paid - tax - deposit - given_back, and
    amount = share_percent of base, rounded down, less cut_by_stripes_fee: see docs/payouts.md.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["date", "what", "client", "invoice", *WORKED_OUT, "amount", "currency"])
    blank = [""] * (2 + len(WORKED_OUT))
    for account in statement.accounts:
        opening = ["opening balance", *blank, account.opening.major, account.currency]
        writer.writerow([*_day(statement, None), *opening])
        for one in account.movements:
            writer.writerow([*_day(statement, one.at), *_cells(one)])
        closing = ["closing balance", *blank, account.closing.major, account.currency]
        writer.writerow(["", *closing])
    return out.getvalue()


def _day(statement: Statement, at: datetime | None) -> list[str]:
    first, _ = bounds(statement.month, statement.zone)
    return [(at or first).astimezone(first.tzinfo).date().isoformat()]


def _cells(one: Movement) -> list[object]:
    company = one.transfer.invoice.engagement.company
    client = company.name if company else ""
    # A spreadsheet takes what begins like a formula for one.
    safe = "'" + client if client[:1] in "=+-@\t\r" and client else client
    return [one.kind, safe, one.transfer.invoice.number, *_worked_out(one),
            one.amount.major, one.amount.currency]  # fmt: skip


def _worked_out(one: Movement) -> list[object]:
    """In the order of WORKED_OUT."""
    percent, working = one.transfer.share_percent, working_of(one)
    if working is None:
        return ["", "", "", "", "", percent, ""]
    parts = (working.paid, working.tax, working.deposit, working.returned, working.base)
    return [*(part.major for part in parts), percent, working.cut.major]


def working_of(one: Movement) -> Working | None:
    """How it came about, for a share that was earned; None for any other movement."""
    return Working.of(one.transfer) if one.kind == EARNED else None


def previous_month(day: date) -> date:
    return date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)


def file_name(statement: Statement, kind: str) -> str:
    return f"earnings-{statement.code}.{kind}"
