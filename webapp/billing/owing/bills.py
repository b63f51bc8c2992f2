"""Invoices of our own making: items that are billed at once instead of with the next renewal.

The draft and every item have keys and metadata of ours, so that wherever the work breaks off it
goes on with the same invoice. A means on file is charged at once; otherwise the invoice is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from webapp import clock, db, outbox
from webapp.billing import mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import invoices, items, products, subscriptions
from webapp.billing.models import Bill, Customer, InvoiceItem, Subscription
from webapp.billing.objects.document import Document
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.product import ProductFacts
from webapp.billing.owing.asking import REPEATABLE, Asked
from webapp.billing.owing.collecting import collection_of
from webapp.billing.patience import patience
from webapp.db import session
from webapp.engagements.models import Engagement

log = structlog.get_logger()
AGAIN = timedelta(minutes=1)


def bill_now(
    engagement: Engagement, reason: str, only: Sequence[InvoiceItem] | None = None
) -> Bill | None:
    """One invoice at once of all that waits, or of these items; None when there is nothing. The
    client's credit is set off by Stripe. The engagement's lock is the caller's.

    A job makes it; a page for which a person waits calls `make_soon` as well.
    """
    waiting = InvoiceItem.pending_of(engagement) if only is None else only
    if not waiting:
        return None
    for item in waiting:
        item.next_attempt()  # the key may be spent: on the draft it is another call
    return Bill.intend(engagement, waiting, reason)


@dataclass(frozen=True)
class Plan:
    """What a bill asks of Stripe, apart from its rows."""

    bill: uuid.UUID
    key: str
    look_first: bool
    customer: str
    subscription: str | None
    params: Document
    net_days: int | None
    items: tuple[Asked, ...]
    products: list[ProductFacts]


def plan_of(bill: Bill) -> Plan | None:
    """None for what is issued already."""
    engagement = bill.engagement
    customer, mirror = Customer.of(engagement.company_id), Subscription.of(engagement)
    if bill.state != "intended" or customer is None:
        return None
    named = {"engagement": str(engagement.id), "bill": str(bill.id)}
    stale = clock.now() - bill.attempted_at > REPEATABLE
    return Plan(
        bill=bill.id,
        key=bill.call_key,
        look_first=bill.attempt > 0 or stale,
        customer=customer.stripe_id,
        subscription=mirror.stripe_id if mirror else None,
        params={"metadata": named, "currency": engagement.terms.currency.lower()},
        net_days=engagement.company.net_days if engagement.company else None,
        items=tuple(Asked(item) for item in bill.items),
        products=products.missing(_sold(bill)),
    )


def _sold(bill: Bill) -> list[ProductFacts]:
    kinds = sorted({item.kind for item in bill.items})
    return [ProductFacts.of(kind) for kind in kinds]


def make(bill_id: uuid.UUID) -> None:
    """The job: the engagement's lock is held all through, so that nobody does it beside us."""
    bill = session.get_one(Bill, bill_id)
    engagement = mirroring.locked(bill.engagement_id)
    assert engagement is not None
    session.refresh(bill)
    plan = plan_of(bill)
    if plan is None:
        return
    try:
        _keep(plan, issue(plan))
    except gateway.Faulted:
        bill.next_attempt()
        for item in bill.items:
            item.next_attempt()
        key = f"billing.make_bill:{bill.call_key}"
        outbox.enqueue("billing.make_bill", bill.id, key=key, run_after=clock.now() + AGAIN)


def make_soon(bill: Bill) -> None:
    """For a person who waits: the intent is committed, Stripe asked with no transaction open.

    Raises RetryLater when Stripe cannot be reached; the job does it later then.
    """
    plan = plan_of(bill)
    if plan:
        with patience():
            db.attempt(lambda: issue(plan), lambda found: _keep(plan, found))


def _keep(plan: Plan, found: StripeInvoice | None) -> None:
    bill = session.get_one(Bill, plan.bill)
    products.note(plan.products)
    engagement = mirroring.locked(bill.engagement_id)
    assert engagement is not None
    if found is None:
        bill.state = "void"
        return
    bill.issued(found.id)
    mirroring.sync_invoice(engagement, found.id)


# -- asking Stripe, no row in sight ----------------------------------------------------------------


def issue(plan: Plan) -> StripeInvoice | None:
    """The invoice, final and asked for; None when a renewal took every item meanwhile."""
    for product in plan.products:
        products.make(product)
    found = _draft(plan)
    if found.status == "draft":
        if not _fill(plan, found.id):
            invoices.discard(found.id)
            return None
        invoices.finalize(found.id)
        found = invoices.read(found.id)
    if found.status == "open" and found.collection == "card" and not found.attempts:
        _charge(plan, found)
    return found


def _draft(plan: Plan) -> StripeInvoice:
    before = invoices.find(plan.customer, str(plan.bill)) if plan.look_first else None
    if before:
        return before
    card = subscriptions.read(plan.subscription).default_card if plan.subscription else None
    how = collection_of(plan.net_days, card)
    return invoices.draft(plan.params | how | {"customer": plan.customer}, plan.key)


def _fill(plan: Plan, draft: str) -> int:
    """Put the items on the draft, each once; those that an invoice has already stay there."""
    at_stripe = {one.metadata.get("item"): one for one in items.list_of(plan.customer)}
    count = 0
    for item in plan.items:
        there = at_stripe.get(str(item.id))
        if there and there.invoice is None:
            items.remove(there.id)
        if there is None or there.invoice is None:
            owner = {"customer": plan.customer, "invoice": draft}
            there = items.create(item.params | owner, item.key)
        count += there.invoice == draft
    return count


def _charge(plan: Plan, invoice: StripeInvoice) -> None:
    """A payment that fails leaves the invoice open: the mirror tells of it as of any other."""
    try:
        invoices.pay(invoice.id, f"bill:{plan.bill}:pay")
    except (gateway.Declined, gateway.ActionRequired) as reason:
        log.info("bill.not_paid", invoice=invoice.id, reason=str(reason))
