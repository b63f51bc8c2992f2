"""The jobs that ask Stripe to send a share, and to call one back.

What is sent was fixed and committed before; each job first looks whether Stripe has it already,
since an answer may have been lost however long ago.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp import audit
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import transfers
from webapp.billing.models import (
    ConnectedAccount,
    Dispute,
    Payment,
    Transfer,
    TransferReversal,
)
from webapp.billing.objects.document import Document
from webapp.billing.objects.transfer import StripeReversal
from webapp.billing.paying_out.planning import locked
from webapp.billing.paying_out.releasing import release, room_in, source_of
from webapp.db import session
from webapp.outbox import RetryLater

NOT_YET = 6 * 3600


def send(transfer_id: uuid.UUID) -> None:
    """Send an intended share, once."""
    transfer = session.get_one(Transfer, transfer_id)
    locked(transfer.invoice_id)
    session.refresh(transfer, with_for_update=True)
    if transfer.state != "intended":
        return
    found = transfers.find(str(transfer.invoice_id), str(transfer.id))
    if found is None and _contested(transfer):
        transfer.wait("held", "dispute")
        return
    if found is None and _taken_meanwhile(transfer):
        transfer.wait("waiting", "")
        release(transfer)
        return
    try:
        transfer.take(found or transfers.make(_params(transfer), transfer.call_key))
    except gateway.Faulted:
        transfer.try_again()
    except (gateway.NotEnabled, gateway.Missing) as reason:
        _account_lost(transfer, isinstance(reason, gateway.Missing))
    except gateway.Insufficient:
        raise RetryLater("what is available at Stripe does not cover it yet", NOT_YET) from None


def _contested(transfer: Transfer) -> bool:
    payment = source_of(transfer)
    return bool(payment and any(one.open for one in Dispute.of(payment.invoice)))


def _taken_meanwhile(transfer: Transfer) -> bool:
    """Whether others took so much of its payment at the same time that Stripe would refuse it."""
    rows = select(Payment).where(Payment.stripe_id == transfer.source)
    payment = session.scalar(rows) if transfer.source else None
    return payment is not None and room_in(payment, transfer) < transfer.amount_minor


def _params(transfer: Transfer) -> Document:
    ours = {
        "transfer": str(transfer.id),
        "invoice": str(transfer.invoice_id),
        "engagement": str(transfer.invoice.engagement_id),
        "part": transfer.part,
    }
    source = {"source_transaction": transfer.source} if transfer.source else {}
    return source | {
        "amount": transfer.amount_minor,
        "currency": transfer.currency.lower(),
        "destination": transfer.destination,
        "transfer_group": str(transfer.invoice_id),
        "metadata": ours,
    }


def _account_lost(transfer: Transfer, deleted: bool) -> None:
    """The account may not receive any more: the share waits until it may."""
    account = ConnectedAccount.of(transfer.consultant_id)
    if account and account.stripe_id == transfer.destination:
        account.transfers_active = False
        account.deleted = account.deleted or deleted
    transfer.wait("waiting", "account")
    audit.record("transfer.account_lost", transfer, deleted=deleted)


def reverse(reversal_id: uuid.UUID) -> None:
    """Call back what was taken of a share that was sent; a debt when its account lacks it."""
    reversal = session.get_one(TransferReversal, reversal_id)
    transfer = reversal.transfer
    locked(transfer.invoice_id)
    session.refresh(reversal, with_for_update=True)
    session.refresh(transfer, with_for_update=True)
    if reversal.state != "intended":
        return
    if transfer.stripe_id is None:
        _not_sent(transfer, reversal)
        return
    try:
        made = _made_before(transfer.stripe_id, reversal) or _call_back(transfer, reversal)
        reversal.made(made.id)
        note_reversed(transfer)
    except gateway.Faulted:
        reversal.try_again()
    except (gateway.Insufficient, gateway.Missing):
        reversal.becomes_debt()


def _not_sent(transfer: Transfer, reversal: TransferReversal) -> None:
    """It was about to be sent when the money went back: after it, or not at all."""
    if not transfer.unsent:
        raise RetryLater("the transfer is still on its way", 20)
    reversal.state = "cut"
    session.flush()
    release(transfer)


def _made_before(stripe_id: str, reversal: TransferReversal) -> StripeReversal | None:
    made = transfers.reversals_of(stripe_id)
    ours = (one for one in made if one.metadata.get("reversal") == str(reversal.id))
    return next(ours, None)


def _call_back(transfer: Transfer, reversal: TransferReversal) -> StripeReversal:
    named = {"reversal": str(reversal.id), "transfer": str(transfer.id), "cause": reversal.cause}
    return transfers.reverse(str(transfer.stripe_id), reversal.minor, named, reversal.call_key)


def note_reversed(transfer: Transfer) -> None:
    """All of it came back."""
    back = sum(row.minor for row in transfer.reversals if row.state == "made")
    if back >= transfer.amount_minor:
        transfer.state = "reversed"


def sync(stripe_id: str) -> None:
    """What was called back of a transfer in Stripe's dashboard, mirrored."""
    row = select(Transfer).where(Transfer.stripe_id == stripe_id)
    transfer = session.scalar(row)
    if transfer is None:
        return
    locked(transfer.invoice_id)
    session.refresh(transfer, with_for_update=True)
    known = {row.stripe_id for row in transfer.reversals}
    for found in transfers.reversals_of(stripe_id):
        if found.id not in known and "reversal" not in found.metadata:
            _mirror(transfer, found)
    note_reversed(transfer)


def _mirror(transfer: Transfer, found: StripeReversal) -> None:
    row = TransferReversal(transfer=transfer, minor=found.amount.minor, cause="dashboard",
                           state="intended", attempt=0, settled_minor=0)  # fmt: skip
    session.add(row)
    session.flush()
    row.made(found.id)
