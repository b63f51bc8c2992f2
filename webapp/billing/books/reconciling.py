"""Finding what no webhook told: bounded looks at Stripe, each at its own pace.

The pace is in the keys of the jobs (a quarter of an hour, a day), so that any number of planners
may run at any time without asking Stripe more often.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from webapp import clock, outbox
from webapp.billing import mirroring, stripe_events
from webapp.billing.calls import events, invoices
from webapp.billing.models import (
    AccountPurchase,
    Alert,
    Checkout,
    Invoice,
    StripeEvent,
    Subscription,
)
from webapp.billing.models.event import HANDLE
from webapp.billing.models.subscription import OVER
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import Job

log = structlog.get_logger()

LOOK_EVERY = timedelta(minutes=15)
OVERLAP = timedelta(hours=1)
# Stripe lists the events of thirty days.
FARTHEST = timedelta(days=29)
LEFT_BEHIND = timedelta(minutes=5)
FRESH = timedelta(days=1)
AT_ONCE = 200
MOST_SWEEPS = 3


# -- planners --------------------------------------------------------------------------------------


def sweep_inbox() -> None:
    """Events whose jobs all gave up are put in line again; after the third time a person decides.

    One that still waits its turn (Stripe is down, say) is left to it.
    """
    for event in session.scalars(_left_behind()).all():
        event.sweeps += 1
        if event.sweeps > MOST_SWEEPS:
            event.settle("failed", _last_error(event.id))
            Alert.sound("event_failed", event.id, f"{event.type}: {event.error}")
        else:
            outbox.enqueue(HANDLE, event.id, key=f"{HANDLE}:{event.id}:sweep:{_marked(event)}")


def _left_behind() -> Select[StripeEvent]:
    named = Job.payload[0].as_string() == StripeEvent.id
    in_line = select(Job.id).where(Job.task == HANDLE, Job.state.in_(("waiting", "leased")), named)
    left = select(StripeEvent).where(
        StripeEvent.state == "received",
        StripeEvent.received_at < clock.now() - LEFT_BEHIND,
        ~in_line.exists(),
    )
    left = left.order_by(StripeEvent.received_at).limit(AT_ONCE)
    return left.with_for_update(skip_locked=True)


def _marked(event: StripeEvent) -> str:
    return f"{event.replays}.{event.sweeps}"


def _last_error(event_id: str) -> str:
    tried = select(Job.last_error).where(Job.task == HANDLE, Job.payload[0].as_string() == event_id)
    return session.scalar(tried.order_by(Job.created_at.desc()).limit(1)) or "no job was found"


def look_for_events() -> None:
    """Ask Stripe for events every quarter of an hour, if it has anything to tell of us at all."""
    if _first_sale():
        pace = int(LOOK_EVERY.total_seconds())
        slot = int(clock.now().timestamp()) // pace * pace
        outbox.enqueue("billing.catch_up", slot)


def _first_sale() -> datetime | None:
    """When somebody was first about to pay, or to be invoiced."""
    begun = (func.min(noun.created_at) for noun in (Checkout, AccountPurchase))
    return session.scalar(select(func.least(*map(_alone, begun))))


def _alone(first: ColumnElement[datetime]) -> ScalarSelect[datetime]:
    return select(first).scalar_subquery()


def refresh_stale() -> None:
    """Subscriptions and open invoices not read for a day are read again, daily at most."""
    before = clock.now() - FRESH
    live = _stale(Subscription, before, Subscription.status.not_in(OVER))
    owed = _stale(Invoice, before, Invoice.status == "open")
    ids = {*session.scalars(live), *session.scalars(owed)}
    today = f"{clock.now():%Y%m%d}"
    outbox.enqueue_all(
        ("billing.refresh", [str(key)], f"billing.refresh:{key}:{today}", None) for key in ids
    )


def _stale(
    mirror: type[Subscription] | type[Invoice], before: datetime, alive: ColumnElement[bool]
) -> Select[uuid.UUID]:
    rows = select(mirror.engagement_id).where(mirror.synced_at < before, alive)
    return rows.order_by(mirror.synced_at).limit(AT_ONCE)


# -- jobs ------------------------------------------------------------------------------------------


def catch_up() -> None:
    """Store the events that never arrived, from before the last look on."""
    since = _last_look() - OVERLAP
    new = sum(map(stripe_events.receive, events.list_since(since, stripe_events.TYPES)))
    if new:
        log.warning("stripe.events_found", events=new, since=since.isoformat())


def _last_look() -> datetime:
    """When we last listed events; if never, when there first was something to tell."""
    looks = select(func.max(Job.done_at)).where(Job.task == "billing.catch_up", Job.state == "done")
    known = session.scalar(looks) or _first_sale() or clock.now()
    return max(known.astimezone(UTC), clock.now() - FARTHEST)


def refresh(engagement_id: uuid.UUID) -> None:
    """Read a subscription anew, and each of its invoices that we lack or know otherwise."""
    engagement = mirroring.locked(engagement_id)
    mirror = engagement and Subscription.of(engagement)
    if engagement is None:
        return
    if mirror:
        mirroring.sync_subscription(engagement, mirror.stripe_id)
        for found in invoices.list_of(mirror.stripe_id):
            known = Invoice.known(found.id)
            if known is None or known.status != found.status:
                mirroring.sync_invoice(engagement, found.id)
    _read_open(engagement)


def _read_open(engagement: Engagement) -> None:
    owed = select(Invoice.stripe_id).filter_by(engagement_id=engagement.id, status="open")
    for stripe_id in session.scalars(owed).all():
        mirroring.sync_invoice(engagement, stripe_id)


def look_at_checkout(checkout_id: uuid.UUID) -> None:
    """After a Session's time: paid though nobody told us, or over."""
    checkout = session.get_one(Checkout, checkout_id)
    if checkout.state not in {"intended", "open"}:
        return
    engagement = mirroring.locked(checkout.engagement_id)
    assert engagement is not None
    if checkout.stripe_id:
        mirroring.sync_checkout(engagement, checkout.stripe_id)
    else:
        checkout.take(None)
