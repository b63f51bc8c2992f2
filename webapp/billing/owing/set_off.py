"""What an invoice is reduced by before it is asked for, and which ones it replaces."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from webapp.billing import balance
from webapp.billing.models import Invoice, InvoiceItem, Upcoming
from webapp.billing.owing.upcoming import is_deposit
from webapp.db import session
from webapp.money import Money

Row = tuple[str, Money]
# The items that ask anew for what a void invoice asked for: 'final:<invoice>:…'.
ANEW = "final:"


@dataclass(frozen=True)
class SetOff:
    """deposit, credit: what of its total they pay (a credit below nothing is what the client owes
    from before, which is asked for with it); lessened: what credit notes took off it while open."""

    deposit: Money
    credit: Money
    lessened: Money

    @property
    def rows(self) -> list[Row]:
        """(what, amount): added to the total, they come to what is asked for."""
        owed = [("Owed from before", -self.credit)] if self.credit.minor < 0 else []
        credit = [("Your credit", -self.credit)] if self.credit.minor > 0 else []
        deposit = [("Deposit, set off", -self.deposit)] if self.deposit else []
        return [
            *deposit,
            *credit,
            *owed,
            *([("Credit note", -self.lessened)] if self.lessened else []),
        ]


def set_off(asked: Invoice | Upcoming) -> SetOff:
    if isinstance(asked, Upcoming):
        return SetOff(asked.deposit, asked.balance_applied - asked.deposit, asked.due * 0)
    of_deposit = (part for note, part in balance.used_by(asked) if is_deposit(note))
    deposit = min(sum(of_deposit, asked.due * 0), max(asked.balance_applied, asked.due * 0))
    return SetOff(deposit, asked.balance_applied - deposit, _lessened(asked))


def _lessened(invoice: Invoice) -> Money:
    if invoice.status == "void":
        return invoice.due * 0
    asked = invoice.total - invoice.balance_applied
    return asked - Money(invoice.paid_minor + invoice.due_minor, invoice.currency)


def learn(invoice: Invoice) -> None:
    """For a mail: read which credit paid for it, unless that is known."""
    known = sum((part for _, part in balance.used_by(invoice)), invoice.due * 0)
    if invoice.balance_applied.minor > 0 and known != invoice.balance_applied:
        balance.sync_of(invoice.engagement.company_id)


def replaced_by(invoice: Invoice) -> list[Invoice]:
    """The void ones whose place a final invoice takes, the oldest first."""
    items = [uuid.UUID(line["item"]) for line in invoice.lines if line["item"]]
    anew = select(InvoiceItem.key).where(
        InvoiceItem.id.in_(items), InvoiceItem.key.like(f"{ANEW}%")
    )
    before = {uuid.UUID(key.split(":")[1]) for key in session.scalars(anew)} if items else set()
    rows = select(Invoice).where(Invoice.id.in_(before), Invoice.status == "void")
    return list(session.scalars(rows.order_by(Invoice.issued_at))) if before else []
