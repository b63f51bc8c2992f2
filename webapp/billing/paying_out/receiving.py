"""Mirroring what paid an invoice, and sharing it out once it is known."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import exists, select

from webapp import clock, outbox
from webapp.billing import balance, mirroring
from webapp.billing.calls import charges
from webapp.billing.models import Invoice, Payment, Transfer
from webapp.billing.objects.charge import StripeCharge
from webapp.billing.paying_out.planning import locked, release_all, share_out
from webapp.db import session

AT_ONCE = 200
SLOWEST_MINUTES = 60


def read_payments(invoice_id: uuid.UUID, tries: int = 0) -> None:
    """Mirror the charges behind a paid invoice, then share it out."""
    invoice = session.get_one(Invoice, invoice_id)
    mirroring.locked(invoice.engagement_id)
    if invoice.status != "paid":
        return
    if invoice.paid_minor > 0 and not invoice.out_of_band:
        _read(invoice)
        if not _booked(invoice):
            _look_later(invoice, tries)
            return
    if invoice.balance_applied_minor:
        balance.sync_of(invoice.engagement.company_id)
    share_out(invoice.id)
    release_all(locked(invoice.id))


def sync_payments(invoice_id: uuid.UUID) -> None:
    """Read the charges anew, after money of them went back; what is shared stays as it is, however
    the shares are set by now."""
    invoice = session.get_one(Invoice, invoice_id)
    mirroring.locked(invoice.engagement_id)
    if invoice.status == "paid" and not invoice.out_of_band:
        _read(invoice)


def _read(invoice: Invoice) -> None:
    for found in charges.that_paid(invoice.stripe_id):
        keep(invoice, found)


def _booked(invoice: Invoice) -> bool:
    """A share is cut to what Stripe leaves of the payment, so that has to be known."""
    paid = Payment.of(invoice)
    return bool(paid) and all(payment.fee_minor is not None for payment in paid)


def _look_later(invoice: Invoice, tries: int) -> None:
    """Ever more slowly; a `charge.updated` comes first, as a rule."""
    key = f"billing.read_payments:{invoice.id}:unbooked:{tries}"
    run_after = clock.now() + timedelta(minutes=min(2**tries, SLOWEST_MINUTES))
    outbox.enqueue("billing.read_payments", invoice.id, tries + 1, key=key, run_after=run_after)


def keep(invoice: Invoice, found: StripeCharge) -> Payment:
    """Mirror a charge; the engagement's lock is the caller's."""
    payment = Payment.known(found.id) or Payment(invoice=invoice)
    payment.take(found)
    session.add(payment)
    session.flush()
    return payment


def sync_charge(payment: Payment) -> None:
    """Read a charge anew: booked meanwhile (its shares wait for that), refunded, disputed."""
    awaited = payment.fee_minor is None
    payment.take(charges.read(payment.stripe_id))
    if awaited and payment.fee_minor is not None:
        key = f"billing.read_payments:{payment.invoice_id}:booked"
        outbox.enqueue("billing.read_payments", payment.invoice_id, key=key)


def plan_reading() -> None:
    """What may have been missed is looked at again, daily at most: paid invoices whose payment was
    never read, accounts that shares wait for, and shares that are held."""
    unread = select(Invoice.id).where(
        Invoice.status == "paid", Invoice.paid_minor > 0, Invoice.out_of_band.is_(False),
        ~exists().where(Payment.invoice_id == Invoice.id),
    )  # fmt: skip
    waiting = select(Transfer.consultant_id).where(
        Transfer.state == "waiting", Transfer.reason == "account"
    )
    held = select(Transfer.invoice_id).where(Transfer.state == "held")
    looks = {
        "billing.read_payments": unread.order_by(Invoice.issued_at).limit(AT_ONCE),
        "billing.read_account": waiting.distinct().order_by(Transfer.consultant_id),
        "billing.release_invoice": held.distinct().order_by(Transfer.invoice_id).limit(AT_ONCE),
    }
    today = f"{clock.now():%Y%m%d}"
    for task, rows in looks.items():
        ids = session.scalars(rows).all()
        outbox.enqueue_all((task, [str(one)], f"{task}:{one}:{today}", None) for one in ids)
