"""Getting an open invoice paid without anybody's pressing a button, once."""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy import select

from webapp import outbox
from webapp.accounts.models import Company
from webapp.billing import mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import customers, invoices
from webapp.billing.models import Customer, Invoice, Subscription
from webapp.billing.models.customer import details_of
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp

log = structlog.get_logger()
TWICE = ("Invoice {number} was recorded as paid outside Stripe ({note}, {by}), and {paid} was paid "
         "for it at Stripe as well: the money may have come twice. Give one of them "
         "back.")  # fmt: skip


def pay_failing(customer_id: uuid.UUID, means: str) -> None:
    """Other means of payment are on file: what failed is tried with them, each in its own job."""
    customer = session.get_one(Customer, customer_id)
    rows = select(Invoice).join(Engagement).where(
        Engagement.company_id == customer.company_id,
        Invoice.status == "open", Invoice.collection == "card", Invoice.attempts > 0,
    )  # fmt: skip
    for invoice in session.scalars(rows.order_by(Invoice.id)):
        outbox.enqueue("billing.pay_invoice", invoice.id, means)


def pay(invoice_id: uuid.UUID, means: str) -> None:
    """Charge what is on file for an invoice that is still failing.

    The client may pay the same invoice on its hosted page just then: Stripe takes one payment for
    an invoice, and answers the other that it is paid.
    """
    invoice = session.get_one(Invoice, invoice_id)
    engagement = mirroring.locked(invoice.engagement_id)
    assert engagement is not None
    session.refresh(invoice)
    if not invoice.failing:
        return
    key = f"pay:{invoice.id}:{means}:{invoice.attempts}"
    try:
        invoices.pay(invoice.stripe_id, key, _instead(engagement))
    except (gateway.Declined, gateway.ActionRequired) as reason:
        log.info("invoice.not_paid", invoice=invoice.stripe_id, reason=str(reason))
    mirroring.sync_invoice(engagement, invoice.stripe_id)


def _instead(engagement: Engagement) -> str | None:
    """The customer's own means, once the subscription is over: Stripe would charge its means."""
    mirror, customer = Subscription.of(engagement), Customer.of(engagement.company_id)
    over = mirror is not None and mirror.over
    return customers.read(customer.stripe_id).default_card if customer and over else None


def settle_elsewhere(invoice_id: uuid.UUID) -> None:
    """Tell Stripe that finance was paid outside it, so that nothing is collected any more. Where it
    was paid at Stripe meanwhile, the money came twice: a person is asked about it."""
    invoice = session.get_one(Invoice, invoice_id)
    engagement = mirroring.locked(invoice.engagement_id)
    assert engagement is not None
    mirroring.sync_invoice(engagement, invoice.stripe_id)
    if invoice.status in {"open", "uncollectible"} and invoice.settled_note:
        invoices.pay_out_of_band(invoice.stripe_id, f"settle:{invoice.id}")
        mirroring.sync_invoice(engagement, invoice.stripe_id)
    if invoice.status == "paid" and invoice.settled_note and not invoice.out_of_band:
        _ask_about_second(invoice)


def _ask_about_second(invoice: Invoice) -> None:
    text = TWICE.format(number=invoice.number, by=invoice.settled_by, note=invoice.settled_note,
                        paid=invoice.paid.format())  # fmt: skip
    FollowUp.ask(invoice.engagement_id, f"paid_twice:{invoice.id}", text)
    outbox.enqueue("billing.tell_paid_twice", invoice.id)


def describe_customer(company_id: uuid.UUID) -> None:
    """Bring what Stripe prints on the company's invoices up to date."""
    company, customer = session.get_one(Company, company_id), Customer.of(company_id)
    if customer:
        stripe_id = customers.ensure(details_of(company), customer.stripe_id)
        Customer.note(company_id, stripe_id, gateway.live(), replace=True)
