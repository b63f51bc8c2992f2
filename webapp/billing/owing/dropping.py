"""What a booking that came to nothing is not owed: nobody is asked for it any more."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from webapp import audit
from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Bill, Customer, Invoice, InvoiceItem
from webapp.billing.owing.placing import take_back
from webapp.db import session
from webapp.engagements.models import Engagement


def drop(engagement_id: uuid.UUID) -> None:
    """Void what is open, at Stripe and here, and take back what waits; safe to do again.

    What was billed after the booking was over (a share of the price that the policy keeps) stands,
    and so does a bank debit on its way: it comes back by itself, or is given back.
    """
    engagement = mirroring.locked(engagement_id)
    if engagement is None or engagement.called_off_at is None:
        return
    until = engagement.called_off_at
    for bill in Bill.unmade(engagement):
        if bill.created_at <= until:
            _drop_bill(engagement, bill)
    for item in InvoiceItem.pending_of(engagement):
        if item.created_at <= until:
            take_back(item)
    for invoice in Invoice.open_of(engagement):
        if not invoice.processing and not invoice.settled_note and dropped(invoice):
            _void(engagement, invoice.stripe_id)


def dropped(invoice: Invoice) -> bool:
    """Whether an invoice belongs to a booking that came to nothing, so that nobody is chased."""
    until = invoice.engagement.called_off_at
    return until is not None and not _billed_after(invoice, until)


def _billed_after(invoice: Invoice, until: datetime) -> bool:
    later = select(InvoiceItem.id).where(
        InvoiceItem.invoice_id == invoice.id, InvoiceItem.created_at > until
    )
    return session.scalar(later.limit(1)) is not None


def _void(engagement: Engagement, stripe_id: str) -> None:
    invoices.void(stripe_id)
    mirroring.mirror_invoice(engagement, invoices.read(stripe_id))


def _drop_bill(engagement: Engagement, bill: Bill) -> None:
    """Stripe may have heard of it: its answer may have been lost."""
    customer = Customer.of(engagement.company_id)
    found = invoices.find(customer.stripe_id, str(bill.id)) if customer else None
    if found and found.status == "draft":
        invoices.discard(found.id)
    elif found:
        _void(engagement, found.id)
    bill.state = "void"
    for item in list(bill.items):
        item.bill_id = None
    audit.record("bill.dropped", bill, engagement=str(engagement.id))
