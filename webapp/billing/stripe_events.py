"""Stripe's events: what each is about, and which object to read anew because of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from webapp import clock
from webapp.billing import balance, mirroring, money_events
from webapp.billing.calls import events
from webapp.billing.event_parties import NotOurs, engagement_of, invoice_paid_by
from webapp.billing.event_shapes import misshapen
from webapp.billing.models import Alert, Customer, Invoice, StripeEvent, Subscription
from webapp.billing.noting import noted
from webapp.billing.objects.document import id_of
from webapp.billing.objects.event import SignedEvent
from webapp.billing.stripe_gateway import API_VERSION, Missing
from webapp.billing.webhooks import believable
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater

Subject = dict[str, Any]
# Until then an object that Stripe cannot find is asked for again.
SURE_AFTER = timedelta(minutes=10)
log = structlog.get_logger()

# What the endpoint at Stripe has to send; the list of events is asked for in chunks of them.
TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.updated",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "customer.updated",
    "payment_method.updated",
    "payment_method.automatically_updated",
    "customer.deleted",
    *money_events.TYPES,
)


def receive(event: SignedEvent) -> bool:
    """Keep a verified event once, and put it in line; False when it was known already."""
    refused = "" if believable(event) else "sent in the other mode (test or live)"
    return StripeEvent.receive(event, refused)


def handle(event_id: str) -> None:
    """Act on a stored event, once: the row is locked, and a handled one is left alone."""
    event = session.get_one(StripeEvent, event_id, with_for_update=True)
    if event.state != "received":
        return
    act = HANDLERS.get(event.type)
    if act is None or event.subject.get("id") is None:
        event.settle("ignored")
    elif _of_another_account(event):
        event.settle("ignored", "happened on a connected account")
    elif wrong := _misshapen(event):
        event.settle("failed", wrong)
        Alert.sound("event_failed", event.id, f"{event.type}: {wrong}")
    else:
        _act(event, act)


def _of_another_account(event: StripeEvent) -> bool:
    """Whatever its metadata names, an object of a connected account is none of ours; we follow the
    accounts themselves. https://docs.stripe.com/connect/webhooks"""
    return bool(event.payload.get("account")) and event.type != "account.updated"


def _misshapen(event: StripeEvent) -> str:
    """In another version's shape it is read anew in ours instead."""
    ours = event.api_version == API_VERSION
    return misshapen(event.type, event.subject) if ours else ""


def _act(event: StripeEvent, act: Callable[[Subject], None]) -> None:
    try:
        with noted() as changes:
            act(subject_of(event))
        event.did = changes
        event.settle("handled")
    except NotOurs as reason:
        event.settle("ignored", str(reason))
    except Missing:
        if not _gone(event):
            raise
        if clock.now() < event.received_at + SURE_AFTER:
            raise RetryLater("Stripe does not have it (yet)", 60) from None
        event.settle("ignored", "Stripe has no such object (any more)")


def _gone(event: StripeEvent) -> bool:
    """Whether it is what the event is about that Stripe does not have."""
    try:
        events.subject_now(event.type.rpartition(".")[0], event.about)
    except Missing:
        return True
    return False


def subject_of(event: StripeEvent) -> Subject:
    """What the event is about, to find whose it is by; in another version's shape it is of no use,
    and is read anew in ours."""
    if event.api_version == API_VERSION:
        return event.subject
    return events.subject_now(event.type.rpartition(".")[0], event.about)


def on_checkout(subject: Subject) -> None:
    named = (subject.get("metadata") or {}).get("engagement")
    mirroring.sync_checkout(engagement_of(named), subject["id"])


def on_subscription(subject: Subject) -> None:
    known = select(Subscription.engagement_id).filter_by(stripe_id=subject["id"])
    named = (subject.get("metadata") or {}).get("engagement") or _text(session.scalar(known))
    mirroring.sync_subscription(engagement_of(named), subject["id"])


def on_invoice(subject: Subject) -> None:
    mirroring.sync_invoice(engagement_of(_engagement_of_invoice(subject)), subject["id"])


def _engagement_of_invoice(subject: Subject) -> str | None:
    parent = (subject.get("parent") or {}).get("subscription_details") or {}
    named = (subject.get("metadata") or {}) | (parent.get("metadata") or {})
    known = select(Invoice.engagement_id).filter_by(stripe_id=subject["id"])
    return named.get("engagement") or _text(session.scalar(known))


def on_refund(subject: Subject) -> None:
    invoice = invoice_paid_by(id_of(subject.get("payment_intent")))
    engagement = engagement_of(str(invoice.engagement_id))
    mirroring.sync_refund(engagement, subject["id"], invoice)


def on_customer(subject: Subject) -> None:
    """The card on file or the credit changed, or the customer was deleted (which ends their
    subscriptions)."""
    _look_at_means(subject["id"])
    owner = select(Customer.company_id).filter_by(stripe_id=subject["id"])
    balance.sync_of(session.scalar(owner))


def on_payment_method(subject: Subject) -> None:
    """A card was renewed by its bank, or changed in the portal."""
    _look_at_means(id_of(subject.get("customer")))


def _look_at_means(stripe_id: str | None) -> None:
    customer = session.scalar(select(Customer).filter_by(stripe_id=stripe_id))
    if customer is None:
        raise NotOurs("a customer we do not have")
    theirs = select(Engagement.id).join(Subscription).filter(
        Engagement.company_id == customer.company_id
    )  # fmt: skip
    for engagement_id in session.scalars(theirs.order_by(Engagement.id)).all():
        mirroring.sync_card(engagement_of(str(engagement_id)))


def _text(found: uuid.UUID | None) -> str | None:
    return str(found) if found else None


NOUNS: dict[str, Callable[[Subject], None]] = {
    "checkout.session": on_checkout,
    "customer.subscription": on_subscription,
    "invoice": on_invoice,
    "refund": on_refund,
    "customer": on_customer,
    "payment_method": on_payment_method,
    **money_events.NOUNS,
}
HANDLERS = {kind: NOUNS[kind.rpartition(".")[0]] for kind in TYPES}
