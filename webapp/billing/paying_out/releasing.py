"""Whether a share can be sent now: if not, why; if so, exactly what."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from webapp.billing.models import ConnectedAccount, Dispute, Payment, Transfer
from webapp.billing.models import TransferReversal as Reversal
from webapp.billing.paying_out.received import credits_used
from webapp.db import session


def release(transfer: Transfer) -> None:
    """Send it on its way, or say for what it waits; the caller has the invoice's lock.

    Safe at any time: one that is on its way already is left alone.
    """
    if not transfer.unsent:
        return
    if transfer.standing <= transfer.set_off_minor:
        transfer.drop()
        return
    payment = source_of(transfer)
    held = _held(transfer, payment)
    if held:
        transfer.wait("held", held)
        return
    account = ConnectedAccount.of(transfer.consultant_id)
    if account is None or not account.enabled or not account.stripe_id:
        transfer.wait("waiting", "account")
        return
    _send(transfer, account.stripe_id)


def _send(transfer: Transfer, destination: str) -> None:
    left = transfer.standing - transfer.set_off_minor
    transfer.set_off_minor += _set_off(transfer, left)
    amount = transfer.standing - transfer.set_off_minor
    if amount == 0:
        transfer.drop()
        return
    source = _covering(transfer, amount)
    transfer.source = source.stripe_id if source else ""
    if transfer.attempted_at:  # a key is good for one amount and one destination
        transfer.attempt += 1
    transfer.intend(amount, destination)


def source_of(transfer: Transfer) -> Payment | None:
    """The payment whose money it is: of credit, the nearest of those that had brought it."""
    return next(iter(_sources(transfer)), None)


def _sources(transfer: Transfer) -> list[Payment]:
    part = transfer.part.partition(":")[0]
    if part.startswith("credit"):
        behind = [payments for payments, _ in credits_used(transfer.invoice)]
        place = int(part.partition(".")[2])
        return behind[place] if place < len(behind) else []
    return Payment.of(transfer.invoice)[:1]


def _covering(transfer: Transfer, amount: int) -> Payment | None:
    """The first of its payments that Stripe lets that much be taken of; None where no single one
    has it: credit of several came together. Then it comes from the balance."""
    free = (one for one in _sources(transfer) if not _held(transfer, one))
    return next((one for one in free if room_in(one, transfer) >= amount), None)


def room_in(payment: Payment, besides: Transfer) -> int:
    """All transfers that name a payment come to no more than that, less what was called back.

    https://docs.stripe.com/connect/separate-charges-and-transfers#transfer-availability
    """
    rows = select(Transfer).where(
        Transfer.source == payment.stripe_id, Transfer.id != besides.id,
        Transfer.state.in_(("intended", "sent")), Transfer.outside.is_(False),
    )  # fmt: skip
    return payment.amount_minor - sum(map(_still_sent, session.scalars(rows)))


def _still_sent(transfer: Transfer) -> int:
    back = (one.minor for one in transfer.reversals if one.state == "made")
    return transfer.amount_minor - sum(back)


def _held(transfer: Transfer, payment: Payment | None) -> str:
    """Why it may not be sent whatever the consultant does; '' when it may."""
    if payment is None:
        return "outside" if transfer.invoice.out_of_band else "booking"
    if payment.fee_minor is None:
        return "booking"
    if not payment.settled_alike:
        return "currency"
    invoices = {transfer.invoice, payment.invoice}
    if any(dispute.open for one in invoices for dispute in Dispute.of(one)):
        return "dispute"
    coming = (refund for one in invoices for refund in one.refunds)
    return "refund" if any(refund.state == "intended" for refund in coming) else ""


def _set_off(transfer: Transfer, most: int) -> int:
    """Settle the consultant's debts with at most so much; how much was used."""
    used = 0
    for debt in debts_of(transfer.consultant_id, transfer.currency):
        part = min(debt.owed, most - used)
        debt.settle(part)
        used += part
    return used


def debts_of(consultant_id: uuid.UUID, currency: str) -> Iterable[Reversal]:
    """What they still owe in a currency, oldest first, locked."""
    rows = select(Reversal).join(Transfer).where(
        Transfer.consultant_id == consultant_id, Transfer.currency == currency,
        Reversal.state == "debt", Reversal.settled_minor < Reversal.minor,
    )  # fmt: skip
    locked = rows.order_by(Reversal.id).with_for_update(of=Reversal)
    return session.scalars(locked.execution_options(populate_existing=True)).all()
