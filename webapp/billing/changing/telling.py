"""What the mails of a change tell those who pay, beside what the change itself costs."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy import select

from webapp.billing.changing import pause_preview
from webapp.billing.models import ArrearsDecision, Customer, Invoice, InvoiceItem, Subscription
from webapp.db import session
from webapp.engagements.change_mails import Account
from webapp.engagements.models import Engagement, Pause, TermsChange
from webapp.money import Money
from webapp.web import format_day, format_money

Row = tuple[str, str]


def account_of(change: TermsChange) -> Account:
    """As things stand when the mail is written."""
    return TOLD[change.kind](change) if change.kind in TOLD else Account()


def of_pause(pause: Pause) -> Account:
    """Shortly before it ends: what is charged on that day, and the credit that comes off it."""
    rows = _charge_after(pause.engagement, pause)
    return Account((*rows, *_credit(pause.engagement, None)) if rows else ())


# -- by kind ---------------------------------------------------------------------------------------


def _planned(change: TermsChange) -> Account:
    pause = _pause_of(change)
    if pause is None:
        return Account()
    credit = pause_preview.known(change.engagement, pause.starts, pause.ends).credit
    told = f"{format_money(credit)}, before tax; it comes off what you pay next"
    back = (("Credit for days that are paid", told),) if credit else ()
    return Account((*back, *_charge_after(change.engagement, pause)))


def _begun(change: TermsChange) -> Account:
    pause = _pause_of(change)
    return Account(_charge_after(change.engagement, pause) if pause else ())


def _resumed(change: TermsChange) -> Account:
    if change.amount_minor <= 0:
        return Account()
    rows = select(InvoiceItem).where(InvoiceItem.key == f"resume:{change.pause_id}")
    item = session.scalar(rows)
    return Account(_credit(change.engagement, item.invoice_id if item else None))


def _ended(change: TermsChange) -> Account:
    decision = ArrearsDecision.end_of(change.engagement)
    if decision is None or decision.invoice.status == "paid" or decision.invoice.settled_note:
        return Account()
    unpaid = decision.invoice
    owed = Money(unpaid.due_minor or unpaid.total_minor, unpaid.currency)
    return Account(unpaid=unpaid.number, owed=format_money(owed))


TOLD: dict[str, Callable[[TermsChange], Account]] = {
    "pause_planned": _planned,
    "pause_begun": _begun,
    "resumed": _resumed,
    "notice_given": _ended,
    "ended": _ended,
}


# -- amounts ---------------------------------------------------------------------------------------


def _pause_of(change: TermsChange) -> Pause | None:
    return session.get(Pause, change.pause_id) if change.pause_id else None


def _charge_after(engagement: Engagement, pause: Pause) -> tuple[Row, ...]:
    """Nothing where no month is charged any more."""
    mirror = Subscription.of(engagement)
    if mirror is None or mirror.over:
        return ()
    foreseen = pause_preview.known(engagement, pause.starts, pause.ends)
    if not foreseen.charge:
        return ()
    days = f"for the days until {format_day(foreseen.next_month)}"
    told = f"{format_money(foreseen.charge)}, before tax, {days}"
    return ((f"Charged on {format_day(pause.ends)}", told),)


def _credit(engagement: Engagement, invoice_id: uuid.UUID | None) -> tuple[Row, ...]:
    """What the client has to their credit; or, once the invoice is made, what it took of that."""
    invoice = session.get(Invoice, invoice_id) if invoice_id else None
    customer, currency = Customer.of(engagement.company_id), engagement.terms.currency
    credit = invoice.balance_applied if invoice else None
    if credit is None and customer and customer.credit_currency == currency:
        credit = customer.credit
    if credit is None or credit.minor <= 0:
        return ()
    return (("Your credit", f"{format_money(credit)}, which comes off the invoice first"),)
