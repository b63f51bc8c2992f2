"""Disputes: kept as Stripe has them; the consultants' shares follow."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp import clock, outbox
from webapp.billing import mirroring
from webapp.billing.balance import payers_with
from webapp.billing.calls import disputes
from webapp.billing.models import Dispute, Payment
from webapp.billing.models.dispute import OVER
from webapp.billing.objects.dispute import StripeDispute
from webapp.billing.paying_out.planning import locked, release_all, settle
from webapp.billing.returning.crediting import close_later
from webapp.db import session


def keep(payment: Payment, found: StripeDispute) -> None:
    """Mirror a dispute. While it is open no share of its payment is sent; won, they go on their
    way; lost, they are taken back; an account that waited for it is closed. The engagement's lock
    is the caller's."""
    dispute = Dispute.mirror(payment, found)
    payment.disputed = True
    if dispute.lost:
        settle(payment.invoice_id, f"dispute:{dispute.id}")
    else:
        for invoice_id in [payment.invoice_id, *payers_with(payment.invoice)]:
            release_all(locked(invoice_id))
    if not dispute.open:
        close_later(payment.invoice.engagement, f"{dispute.id}:{dispute.status}")


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
