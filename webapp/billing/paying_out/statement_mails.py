"""The statement by mail, on the first of the month, on the consultant's own clock."""

from __future__ import annotations

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from webapp import clock, outbox
from webapp.billing.models import ConnectedAccount, Transfer
from webapp.billing.paying_out.ledger import TAKEN, Movement
from webapp.billing.paying_out.statements import Statement, bounds, month_named, previous_month
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

# In the morning of the first; after a week it is no news any more.
AT_HOUR = timedelta(hours=8)
OF_USE = timedelta(days=7)


def plan() -> None:
    """The month that is over, for each consultant who ever had a share, once each."""
    now = clock.now()
    sharing = select(Consultant).where(exists().where(Transfer.consultant_id == Consultant.id))
    due = []
    for consultant in session.scalars(sharing.order_by(Consultant.id)):
        month = previous_month(now.astimezone(ZoneInfo(consultant.time_zone)).date())
        _, ended = bounds(month, consultant.time_zone)
        if ended + AT_HOUR <= now < ended + OF_USE:
            due.append((consultant.id, f"{month:%Y-%m}"))
    outbox.enqueue_all(
        ("billing.send_statement", [str(one), code], f"billing.send_statement:{one}:{code}", None)
        for one, code in due
    )


def send(consultant_id: uuid.UUID, code: str) -> None:
    """Nothing is sent for a month in which nothing moved."""
    consultant = session.get_one(Consultant, consultant_id)
    statement = Statement.of(consultant, month_named(code))
    if statement.empty:
        return
    account = ConnectedAccount.of(consultant_id)
    enabled = account is not None and account.enabled
    owed = any(one.closing.minor > 0 for one in statement.accounts)
    send_email("payout_statement", consultant.person, consultant, code, statement=statement,
               missing=owed and not enabled, taken=_taken_back(statement),
               url=absolute_url("billing.statement", month=code))  # fmt: skip


def _taken_back(statement: Statement) -> list[tuple[str, str]]:
    """(whose invoice, how much) of what was taken back: the clients' money went back."""
    moved = [one for account in statement.accounts for one in account.movements]
    return [(_invoice_of(one), one.amount.format()) for one in moved if one.kind == TAKEN]


def _invoice_of(one: Movement) -> str:
    invoice = one.transfer.invoice
    company = invoice.engagement.company
    return f"{company.name}, invoice {invoice.number}" if company else f"Invoice {invoice.number}"
