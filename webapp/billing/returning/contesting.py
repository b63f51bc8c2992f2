"""Disputes: kept as Stripe has them; the consultants' shares follow."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp import clock, outbox
from webapp.billing import mirroring
from webapp.billing.calls import disputes
from webapp.billing.models import Dispute, Payment, Transfer
from webapp.billing.models.dispute import OVER
from webapp.billing.objects.dispute import StripeDispute
from webapp.billing.paying_out.planning import locked, release_all, settle
from webapp.db import session


def keep(payment: Payment, found: StripeDispute) -> None:
    """Mirror a dispute. While it is open no share of its payment is sent; won, they go on their
    way; lost, they are taken back. The engagement's lock is the caller's."""
    dispute = Dispute.mirror(payment, found)
    payment.disputed = True
    for invoice_id in _shared_from(payment):
        if dispute.lost and invoice_id == payment.invoice_id:
            settle(invoice_id, f"dispute:{dispute.id}")
        else:
            release_all(locked(invoice_id))


def _shared_from(payment: Payment) -> list[uuid.UUID]:
    """The invoices whose shares are paid from this money, in one order: its own, and those that
    credit from it has paid."""
    engagement = payment.invoice.engagement_id
    rows = select(Transfer.invoice_id).join(Transfer.invoice).where(
        (Transfer.invoice_id == payment.invoice_id)
        | (Transfer.part.startswith("credit") & (Transfer.source.in_(["", payment.stripe_id])))
    )  # fmt: skip
    ours = rows.where(Transfer.invoice.has(engagement_id=engagement))
    return list(session.scalars(ours.distinct().order_by(Transfer.invoice_id)))


def plan_looking() -> None:
    """Disputes that are open are read again, daily at most: an event may have been lost."""
    undecided = select(Dispute.id).where(Dispute.status.not_in(OVER))
    outbox.enqueue_all([_job(dispute_id) for dispute_id in session.scalars(undecided)])


def _job(dispute_id: uuid.UUID) -> tuple[str, list[object], str, None]:
    today = f"{clock.now():%Y%m%d}"
    key = f"billing.read_dispute:{dispute_id}:{today}"
    return "billing.read_dispute", [str(dispute_id)], key, None


def read_again(dispute_id: uuid.UUID) -> None:
    dispute = session.get_one(Dispute, dispute_id)
    mirroring.locked(dispute.invoice.engagement_id)
    keep(dispute.payment, disputes.read(dispute.stripe_id))
