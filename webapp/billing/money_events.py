"""Events about money that has moved: charges, disputes, credit notes, accounts, transfers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from webapp.billing import mirroring
from webapp.billing.calls import charges, credit_notes, disputes
from webapp.billing.event_parties import NotOurs, engagement_of, invoice_paid_by
from webapp.billing.models import ConnectedAccount, CreditNote, Invoice, Payment, Transfer
from webapp.billing.paying_out import accounts, receiving, sending
from webapp.billing.returning import contesting
from webapp.db import session
from webapp.outbox import RetryLater

Subject = dict[str, Any]

TYPES = (
    "charge.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "account.updated",
    "transfer.reversed",
)


def on_charge(subject: Subject) -> None:
    """Booked, or given back, after we first read it; what has paid nothing yet is read then."""
    payment = Payment.known(subject["id"])
    if payment is None:
        raise NotOurs("not read as the payment of an invoice yet")
    engagement_of(str(payment.invoice.engagement_id))
    receiving.sync_charge(payment)


def on_dispute(subject: Subject) -> None:
    found = disputes.read(subject["id"])
    payment = Payment.known(found.charge) or _first_read(found.charge)
    engagement_of(str(payment.invoice.engagement_id))
    contesting.keep(payment, found)


def _first_read(charge: str) -> Payment:
    """A payment contested before we had read it."""
    found = charges.read(charge)
    invoice = invoice_paid_by(found.payment_intent)
    engagement_of(str(invoice.engagement_id))
    return receiving.keep(invoice, found)


def on_credit_note(subject: Subject) -> None:
    found = credit_notes.read(subject["id"])
    invoice = Invoice.known(found.invoice)
    if invoice is None:
        named = (subject.get("metadata") or {}).get("engagement")
        if named is None:
            raise NotOurs("an invoice we do not have")
        raise RetryLater(f"invoice {found.invoice} is not here yet", 30)
    engagement = engagement_of(str(invoice.engagement_id))
    CreditNote.mirror(invoice, found)
    mirroring.sync_invoice(engagement, found.invoice)


def on_account(subject: Subject) -> None:
    mine = select(ConnectedAccount).where(ConnectedAccount.stripe_id == subject["id"])
    account = session.scalar(mine)
    if account is None:
        raise NotOurs("no consultant's account")
    accounts.sync(account.consultant_id)


def on_transfer(subject: Subject) -> None:
    known = select(Transfer.id).where(Transfer.stripe_id == subject["id"])
    if session.scalar(known) is None:
        raise NotOurs("no share of ours")
    sending.sync(subject["id"])


NOUNS = {
    "charge": on_charge,
    "charge.dispute": on_dispute,
    "credit_note": on_credit_note,
    "account": on_account,
    "transfer": on_transfer,
}
