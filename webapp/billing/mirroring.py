"""Reading Stripe's objects anew, under the engagement's lock, into our mirrors.

Whoever comes first (webhook, the client's browser, the reconciler) runs the same code; the lock
makes them take turns, so that what was read last is what is kept, whatever order events came in.
"""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from webapp import audit, outbox
from webapp.billing.buying.order import midnight, month_number, month_start
from webapp.billing.calls import checkout as checkout_calls
from webapp.billing.calls import customers, invoices, payment_methods, refunds, subscriptions
from webapp.billing.models import (
    Alert,
    Checkout,
    Customer,
    Invoice,
    InvoiceItem,
    Refund,
    Subscription,
)
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.session import StripeSession
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.patience import time_left
from webapp.billing.returning import refunding
from webapp.billing.settlement import settle
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod
from webapp.outbox import RetryLater

log = structlog.get_logger()
LOCK_SECONDS = 3
SECOND = "Paid for a subscription that was one too many"
# https://www.postgresql.org/docs/18/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"


def locked(engagement_id: uuid.UUID) -> Engagement | None:
    """The engagement, locked until the transaction ends; what it has is locked after it."""
    engagement = session.get(Engagement, engagement_id)
    if engagement is None or time_left() is None:
        return engagement and engagement.lock()
    return _locked_soon(engagement)


def _locked_soon(engagement: Engagement) -> Engagement:
    """For a page that a person waits for: whoever reads Stripe holds the lock for as long as Stripe
    takes to answer. RetryLater when that is too long."""
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            return engagement.lock()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise RetryLater("the engagement is being looked at", 5) from error


def sync_checkout(engagement: Engagement, session_id: str) -> StripeSession:
    """Read a Checkout Session and all that paying it made; the engagement goes on if it is paid."""
    found = checkout_calls.read(session_id)
    checkout = _attempt_of(engagement, found)
    if checkout is None:
        log.error("stripe.foreign_session", session=found.id, engagement=str(engagement.id))
        return found
    checkout.take(found)
    if found.customer:
        _note_customer(engagement, found.customer, found.livemode)
    returned = checkout.on_its_way and checkout_calls.came_back(found)
    if returned:
        _call_off(found)
        checkout.debit_came_back()
    if found.paid or returned:
        _sync_bought(engagement, found)
    settle(engagement)
    return found


def _attempt_of(engagement: Engagement, found: StripeSession) -> Checkout | None:
    key = found.metadata.get("checkout", "")
    return session.scalar(
        select(Checkout).filter_by(engagement_id=engagement.id, idempotency_key=key)
    )


def _note_customer(engagement: Engagement, customer: str, livemode: bool) -> None:
    if engagement.company_id:
        Customer.note(engagement.company_id, customer, livemode)


def _sync_bought(engagement: Engagement, found: StripeSession) -> None:
    if found.subscription:
        mirror_subscription(engagement, subscriptions.read(found.subscription))
    if found.invoice:
        mirror_invoice(engagement, invoices.read(found.invoice))


def _call_off(found: StripeSession) -> None:
    """What a returned debit leaves behind could still be paid, and would renew: the client pays
    anew instead."""
    if found.subscription:
        subscriptions.cancel(found.subscription)
    if found.invoice:
        invoices.void(found.invoice)


# -- subscriptions ---------------------------------------------------------------------------------


def sync_subscription(engagement: Engagement, subscription_id: str) -> None:
    mirror_subscription(engagement, subscriptions.read(subscription_id))
    settle(engagement)


def mirror_subscription(engagement: Engagement, found: StripeSubscription) -> None:
    """Keep what a subscription is; a second live one for the same engagement is ended. Only one
    that lives takes the place of one that is over."""
    mirror = Subscription.of(engagement)
    if mirror and found.id in mirror.former:
        return
    if mirror and mirror.stripe_id != found.id and (found.over or _still_lives(mirror)):
        _end_stray(engagement, found)
        return
    mirror = mirror or Subscription(engagement=engagement, status="")
    mirror.take(found)
    session.add(mirror)
    session.flush()
    if found.default_card:
        _keep_card(engagement, found.default_card)
    _keep_renewal_day(engagement, found)


def _still_lives(mirror: Subscription) -> bool:
    """Its end may not have been heard of yet, when the one that takes its place already is."""
    if not mirror.over:
        mirror.take(subscriptions.read(mirror.stripe_id))
    return not mirror.over


def _end_stray(engagement: Engagement, found: StripeSubscription) -> None:
    if not found.over:
        log.error(
            "stripe.second_subscription", engagement=str(engagement.id), subscription=found.id
        )
        audit.record("subscription.second", engagement, subscription=found.id)
        outbox.enqueue("billing.cancel_subscription", found.id)


def _keep_renewal_day(engagement: Engagement, found: StripeSubscription) -> None:
    """Months are counted from the kick-off, so one on the 31st returns to the 31st.

    Stripe goes on from the day to which a short month cut the first renewal. The hour that summer
    time makes is let be.
    """
    if found.status != "active" or found.cancel_at_period_end:
        return
    number = month_number(engagement, found.renews_at)
    due = midnight(month_start(engagement, number), engagement.time_zone)
    days_off = (due - found.renews_at).total_seconds() / 86400
    if 0.5 < days_off < 4:
        outbox.enqueue("billing.move_renewal", found.id, due.isoformat())


def _keep_card(engagement: Engagement, method: str) -> None:
    customer = Customer.of(engagement.company_id)
    if customer:
        customer.take_means(payment_methods.read(method))


def sync_card(engagement: Engagement) -> None:
    """The card that renewals are charged to: the live subscription's own, else the customer's."""
    customer, mirror = Customer.of(engagement.company_id), Subscription.of(engagement)
    if customer is None:
        return
    known = customers.read(customer.stripe_id)
    live = mirror if mirror and not mirror.over else None
    own = subscriptions.read(live.stripe_id).default_card if live else None
    method = own or known.default_card
    if method and not known.deleted:
        customer.take_means(payment_methods.read(method))


# -- invoices and refunds --------------------------------------------------------------------------


def hear_invoices(engagement: Engagement, subscription_id: str) -> None:
    """Mirror what Stripe has asked for by a subscription and no event has told."""
    for found in invoices.list_of(subscription_id):
        if found.status != "draft" and Invoice.known(found.id) is None:
            sync_invoice(engagement, found.id)


def sync_invoice(engagement: Engagement, invoice_id: str) -> None:
    found = invoices.read(invoice_id)
    mirror = Subscription.of(engagement)
    if found.subscription and not (mirror and mirror.charged(found.subscription)):
        mirror_subscription(engagement, subscriptions.read(found.subscription))
    mirror_invoice(engagement, found)
    settle(engagement)


def mirror_invoice(engagement: Engagement, found: StripeInvoice) -> None:
    """Keep what an invoice is, from the day it is issued; one on which nothing has a price is not
    worth showing (Stripe makes one when a renewal is moved)."""
    if found.status == "draft" or not any(line.amount for line in found.lines):
        return
    if not _asked_of_them(engagement, found):
        return
    invoice = Invoice.known(found.id) or Invoice(engagement=engagement, status="", attempts=0)
    invoice.take(found)
    _keep_items(invoice)
    if found.customer:
        _note_customer(engagement, found.customer, found.livemode)
    mirror = Subscription.of(engagement)
    if found.subscription and mirror and not mirror.charged(found.subscription):
        refunding.give_back(invoice, 100, "second_subscription", SECOND)
    elif found.status == "paid" and found.covers:
        _open_month(engagement, month_number(engagement, found.covers.starts))


def _asked_of_them(engagement: Engagement, found: StripeInvoice) -> bool:
    """Whether it was made for the company whose engagement it names: anybody who may write to the
    Stripe account may name any. One that is known was looked at when it came."""
    theirs = Customer.of(engagement.company_id)
    if theirs is None or found.customer in {None, theirs.stripe_id} or Invoice.known(found.id):
        return True
    told = f"{found.customer} was invoiced for engagement {engagement.id} of {theirs.stripe_id}"
    Alert.sound("other_customer", found.id, told)
    log.error("stripe.other_customer", invoice=found.id, engagement=str(engagement.id))
    return False


def _keep_items(invoice: Invoice) -> None:
    """Our items that stand on it; one that is void with it stays so."""
    ids = [uuid.UUID(line["item"]) for line in invoice.lines if line["item"]]
    rows = select(InvoiceItem).where(InvoiceItem.id.in_(ids))
    for item in session.scalars(rows.order_by(InvoiceItem.id)) if ids else ():
        item.stand_on(invoice)


def _open_month(engagement: Engagement, number: int) -> None:
    """The month that a renewal paid for; the first is begun by onboarding."""
    if all(period.number != number for period in engagement.periods):
        month = RetainerPeriod.nth(engagement.id, engagement.kick_off_on, number)
        engagement.periods.append(month)


def sync_refund(engagement: Engagement, refund_id: str, invoice: Invoice) -> None:
    Refund.mirror(invoice, refunds.read(refund_id))
    mirror_invoice(engagement, invoices.read(invoice.stripe_id))
