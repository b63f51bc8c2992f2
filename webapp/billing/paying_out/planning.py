"""Sharing out what was paid, and taking back what went back: rows only, no call to Stripe.

Each verb locks the invoice first, so that refunds, disputes and payments of it take turns.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from webapp import audit, outbox
from webapp.billing.balance import payers_with
from webapp.billing.models import Invoice, Transfer, TransferReversal
from webapp.billing.models.transfer import standing
from webapp.billing.paying_out.received import credits_used, received_from
from webapp.billing.paying_out.releasing import release
from webapp.billing.paying_out.sharing import Received, shares
from webapp.billing.paying_out.working import facts_of
from webapp.db import session
from webapp.engagements.models import Assignment
from webapp.money import Money

FEE, CREDIT = "fee", "credit"


def locked(invoice_id: uuid.UUID) -> Invoice:
    rows = select(Invoice).where(Invoice.id == invoice_id).with_for_update()
    return session.scalars(rows.execution_options(populate_existing=True)).one()


def share_out(invoice_id: uuid.UUID) -> None:
    """Write down each consultant's share of a paid invoice, by the shares as they are set now."""
    invoice = locked(invoice_id)
    if invoice.status != "paid" or Transfer.of(invoice.id):
        return
    team = _team(invoice)
    percents = [row.share_percent for row in team]
    for part, received in _parts(invoice):
        facts = facts_of(received, sum(percents))
        for row, amount in zip(team, shares(received, percents), strict=True):
            if amount:
                _add(invoice, row.consultant_id, part, row.share_percent, amount, facts)
    release_all(invoice)


def _team(invoice: Invoice) -> list[Assignment]:
    rows = select(Assignment).where(
        Assignment.engagement_id == invoice.engagement_id, Assignment.share_percent > 0
    )
    return list(session.scalars(rows.order_by(Assignment.leads.desc(), Assignment.id)))


def _parts(invoice: Invoice) -> list[tuple[str, Received]]:
    fee = [(FEE, received_from(invoice))] if invoice.paid_minor > 0 else []
    used = [(f"{CREDIT}.{n}", one) for n, (_, one) in enumerate(credits_used(invoice))]
    return [*fee, *used]


def _add(
    invoice: Invoice,
    consultant_id: uuid.UUID,
    part: str,
    percent: int,
    amount: Money,
    facts: dict[str, int] | None = None,
) -> None:
    """facts: what it was worked out from; None for the rest of another share."""
    made = Transfer(
        invoice_id=invoice.id, consultant_id=consultant_id, part=part, share_percent=percent,
        earned_minor=amount.minor, currency=amount.currency, state="waiting", amount_minor=0,
        set_off_minor=0, attempt=0, worked_out=facts or {},
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record("transfer.earned", made, minor=amount.minor, percent=percent, part=part)


def release_all(invoice: Invoice) -> None:
    for transfer in Transfer.of(invoice.id):
        release(transfer)


# -- after money went back -------------------------------------------------------------------------


def settle(invoice_id: uuid.UUID, cause: str, restore: bool = False) -> None:
    """Bring the shares of an invoice to what is left of its payment, and those of the invoices that
    credit out of it has paid.

    restore: money that was on its way back stayed (a refund failed), so that shares may grow again;
    else rounding could send somebody a single unit.
    """
    invoice = locked(invoice_id)
    _settle(invoice, cause, restore)
    for other_id in payers_with(invoice):
        _settle(locked(other_id), cause, restore)


def _settle(invoice: Invoice, cause: str, restore: bool) -> None:
    for part, received in _parts(invoice):
        _settle_part(invoice, part, received, cause, restore)
    session.flush()
    release_all(invoice)


def _settle_part(
    invoice: Invoice, part: str, received: Received, cause: str, restore: bool
) -> None:
    rows = [row for row in Transfer.of(invoice.id) if row.part.split(":")[0] == part]
    for consultant_id, wanted, theirs in _wanted(rows, received):
        surplus = standing(theirs) - wanted.minor
        if surplus > 0:
            _take_back(theirs, surplus, cause)
        elif surplus < 0 and restore:
            again = f"{part}:{len(theirs) + 1}"
            missing = Money(-surplus, invoice.currency)
            _add(invoice, consultant_id, again, theirs[0].share_percent, missing)


def _wanted(
    rows: list[Transfer], received: Received
) -> Iterable[tuple[uuid.UUID, Money, list[Transfer]]]:
    """(consultant, what is theirs now, their rows), by the shares of when it was paid."""
    by_consultant: dict[uuid.UUID, list[Transfer]] = {}
    for row in rows:
        by_consultant.setdefault(row.consultant_id, []).append(row)
    percents = [theirs[0].share_percent for theirs in by_consultant.values()]
    amounts = shares(received, percents)
    for (consultant_id, theirs), wanted in zip(by_consultant.items(), amounts, strict=True):
        yield consultant_id, wanted, theirs


def _take_back(theirs: list[Transfer], surplus: int, cause: str) -> None:
    """The latest first."""
    for transfer in reversed(theirs):
        taken = min(surplus, transfer.standing)
        if taken > 0:
            take_from(transfer, taken, cause)
            surplus -= taken


def take_from(transfer: Transfer, minor: int, cause: str) -> None:
    """Cut what was not sent; call back what was; the rest (set off, paid outside) is a debt."""
    if transfer.unsent:
        owned = transfer.standing - transfer.set_off_minor
        cut = min(minor, owned)
        _reversal(transfer, cut, cause, "cut")
        _reversal(transfer, minor - cut, cause, "debt")
        return
    called_back = min(minor, _callable(transfer))
    _reversal(transfer, called_back, cause, "intended")
    _reversal(transfer, minor - called_back, cause, "debt")


def _callable(transfer: Transfer) -> int:
    """What Stripe can still call back of it."""
    if transfer.outside or transfer.state == "dropped":
        return 0
    gone = (row.minor for row in transfer.reversals if row.state in {"intended", "made"})
    return transfer.amount_minor - sum(gone)


def _reversal(transfer: Transfer, minor: int, cause: str, state: str) -> None:
    if minor <= 0:
        return
    row = TransferReversal(transfer=transfer, minor=minor, cause=cause, state=state, attempt=0,
                           settled_minor=0)  # fmt: skip
    session.add(row)
    session.flush()
    audit.record("transfer.taken_back", transfer, minor=minor, state=state, cause=cause)
    if state == "intended":
        outbox.enqueue("billing.reverse_transfer", row.id)
