"""Putting an item on the next invoice, once, whatever answer of Stripe's is lost on the way."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select

from webapp import audit, clock, outbox
from webapp.billing import mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import items, products
from webapp.billing.models import Customer, InvoiceItem, Subscription
from webapp.billing.models.subscription import OVER
from webapp.billing.owing.asking import Asked, made
from webapp.billing.owing.bills import bill_now
from webapp.billing.returning.crediting import close_later
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.stages import RUNNING

AGAIN = timedelta(minutes=1)
SETTLING = timedelta(minutes=5)


def place(item_id: uuid.UUID) -> None:
    """Let an item wait at Stripe for its engagement's next renewal.

    Where none will come it stays with us: for the final invoice while the engagement ends and
    once it has, or on an invoice of its own where it never renewed.
    """
    item = session.get_one(InvoiceItem, item_id)
    engagement = mirroring.locked(item.engagement_id)
    assert engagement is not None
    session.refresh(item)
    if item.state != "intended" or item.bill_id:
        return
    mirror = Subscription.of(engagement)
    if mirror and mirror.renews:
        _place_on(item, engagement, mirror)
    elif engagement.stage == "ended":
        close_later(engagement, str(item.id))
    elif mirror is None or (mirror.over and not _may_renew(engagement, mirror)):
        bill_now(engagement, "nothing renews any more")


def _may_renew(engagement: Engagement, mirror: Subscription) -> bool:
    """Whether Stripe gave up charging, and a person still has to decide what comes."""
    return mirror.given_up and engagement.stage in RUNNING


def _place_on(item: InvoiceItem, engagement: Engagement, mirror: Subscription) -> None:
    customer = Customer.of(engagement.company_id)
    assert customer is not None
    owner = {"customer": customer.stripe_id, "subscription": mirror.stripe_id}
    products.ensure(item.kind)
    try:
        item.placed(made(Asked(item), owner, customer.stripe_id).id)
        audit.record("invoice_item.placed", item, minor=item.amount_minor)
        outbox.enqueue_again("billing.preview_upcoming", engagement.id)
    except gateway.Faulted:
        item.next_attempt()
        key = f"billing.place_item:{item.call_key}"
        outbox.enqueue("billing.place_item", item.id, key=key, run_after=clock.now() + AGAIN)


def plan_items() -> None:
    """What stayed with us because no renewal was to come, though one is by now (notice was
    withdrawn, a pause is over): looked at again, hourly at most."""
    rows = (
        select(InvoiceItem.id)
        .join(Subscription, Subscription.engagement_id == InvoiceItem.engagement_id)
        .where(InvoiceItem.state == "intended", InvoiceItem.bill_id.is_(None))
        .where(Subscription.status.not_in((*OVER, "paused")))
        .where(Subscription.cancel_at_period_end.is_(False))
        .where(InvoiceItem.created_at < clock.now() - SETTLING)
    )
    hour = f"{clock.now():%Y%m%d%H}"
    outbox.enqueue_all(
        ("billing.place_item", [str(key)], f"billing.place_item:{key}:{hour}", None)
        for key in session.scalars(rows)
    )


def take_back(item: InvoiceItem) -> None:
    """Write down that a pending item is not owed after all; a job removes it at Stripe."""
    if not item.undoable:
        raise ValueError("it stands on an invoice: credit it there")
    item.state = "void"
    audit.record("invoice_item.taken_back", item, minor=item.amount_minor)
    outbox.enqueue("billing.remove_item", item.id, key=f"billing.remove_item:{item.call_key}")


def remove(item_id: uuid.UUID) -> None:
    """Take a void item off Stripe's list; one that an invoice took meanwhile is owed again."""
    item = session.get_one(InvoiceItem, item_id)
    engagement = mirroring.locked(item.engagement_id)
    assert engagement is not None
    session.refresh(item)
    customer = Customer.of(engagement.company_id)
    if item.state != "void" or customer is None:
        return
    found = items.find(customer.stripe_id, str(item.id))
    if found is None:
        return
    if found.invoice:
        item.placed(found.id)
        audit.record("invoice_item.was_invoiced", item, invoice=found.invoice)
        return
    items.remove(found.id)
    outbox.enqueue_again("billing.preview_upcoming", engagement.id)
