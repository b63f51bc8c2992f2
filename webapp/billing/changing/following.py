"""Stripe follows the terms: the price of the next month, and the day on which none comes any more.

Each looks at what Stripe has and changes it only where it differs, so that it may run at any time
and any number of times.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from webapp import audit, clock, outbox
from webapp.billing import mirroring
from webapp.billing.buying.order import midnight, month_day
from webapp.billing.calls import products, subscriptions
from webapp.billing.changing.plan import retainer
from webapp.billing.models import Subscription
from webapp.billing.objects.subscription import StripeSubscription
from webapp.db import session
from webapp.engagements.models import Engagement, TermsChange
from webapp.engagements.stages import RUNNING

STOPPED = (
    "The monthly payment has ended at Stripe, with the last month that is paid, and it cannot be"
    " begun again. Let the engagement end, and book a new one."
)
# By Stripe's count a month that begins on the last days of a longer one begins so much sooner.
A_FEW_DAYS = timedelta(days=4)


def _running(change_id: uuid.UUID) -> tuple[Engagement, Subscription] | None:
    """The change's engagement, locked, with its subscription unless that is over."""
    change = session.get_one(TermsChange, change_id)
    engagement = mirroring.locked(change.engagement_id)
    assert engagement is not None
    mirror = Subscription.of(engagement)
    return None if mirror is None or mirror.over else (engagement, mirror)


def follow_plan(change_id: uuid.UUID) -> None:
    """Charge from the next renewal on what the terms of that day say."""
    if not (running := _running(change_id)):
        return
    engagement, mirror = running
    found = subscriptions.read(mirror.stripe_id)
    if not found.over:
        found = _priced(engagement, found, change_id)
    mirror.take(found)


def _priced(
    engagement: Engagement, found: StripeSubscription, change_id: uuid.UUID
) -> StripeSubscription:
    terms = engagement.terms_on(month_day(engagement, found.renews_at))
    offering = engagement.offering_of(terms)
    price = retainer(offering, terms.price)
    if (found.product, found.price) == (price["product"], terms.price):
        return found
    products.ensure("retainer", offering)
    audit.record("subscription.priced", engagement, minor=terms.price_minor, name=terms.name)
    key = f"price:{change_id}:{offering.id}:{terms.price_minor}"
    return subscriptions.set_price(found, price, terms.name, key)


def follow_end(change_id: uuid.UUID) -> None:
    """Let the subscription end with the last month that is paid, or go on."""
    if not (running := _running(change_id)):
        return _left_without(session.get_one(TermsChange, change_id).engagement)
    engagement, mirror = running
    found = subscriptions.read(mirror.stripe_id)
    if not found.over:
        found = _ended(engagement, found, change_id)
    mirror.take(found)


def move_renewal(stripe_id: str, to: datetime) -> None:
    """Let the running month end at `to`, while it still runs, and the last one by that count."""
    mirror = session.scalar(select(Subscription).filter_by(stripe_id=stripe_id))
    engagement = mirroring.locked(mirror.engagement_id) if mirror else None
    if mirror is None or engagement is None or clock.now() >= to:
        return
    session.refresh(mirror)
    if mirror.stripe_id != stripe_id:
        return
    found = subscriptions.read(stripe_id)
    if found.status == "active":
        found = subscriptions.move_renewal(stripe_id, to, end_at(engagement, found, to))
        audit.record("subscription.renewal_moved", engagement, to=to.isoformat())
    mirror.take(found)


def _left_without(engagement: Engagement) -> None:
    """It goes on, though Stripe charges for no month any more: to be looked at."""
    if Subscription.of(engagement) and engagement.stage in RUNNING:
        outbox.enqueue_again("billing.compare_with_terms", engagement.id)


def why_no_withdrawal(engagement: Engagement) -> str:
    """Why notice can be withdrawn no more, for a person to read; '' when it can. The lock is the
    caller's.

    What Stripe has ended cannot be begun again there: a new engagement asks for a payment anew.
    """
    mirror, end = Subscription.of(engagement), end_of(engagement)
    if mirror:
        session.refresh(mirror)
        end = min(filter(None, (end, mirror.cancels_at)), default=None)
    stopped = mirror and mirror.over and not mirror.given_up
    if stopped or (end and end <= clock.now()):
        return STOPPED
    return ""


def _ended(
    engagement: Engagement, found: StripeSubscription, change_id: uuid.UUID
) -> StripeSubscription:
    wanted = end_at(engagement, found)
    if engagement.stage == "ended" or (wanted and wanted <= clock.now()):
        return subscriptions.cancel(found.id)
    if wanted == found.cancels_at and not (wanted is None and found.cancel_at_period_end):
        return found
    audit.record("subscription.end_set", engagement, at=wanted.isoformat() if wanted else None)
    key = f"end:{change_id}:{wanted.isoformat() if wanted else 'never'}"
    if wanted is None and found.cancel_at_period_end:
        return subscriptions.keep_on(found.id, key)
    return subscriptions.set_end(found.id, wanted, key)


def end_of(engagement: Engagement) -> datetime | None:
    """The midnight with which its last day is over; None while the engagement goes on."""
    if engagement.stage not in {"ending", "ended"} or engagement.ends_on is None:
        return None
    return midnight(engagement.ends_on, engagement.time_zone)


def end_at(
    engagement: Engagement, found: StripeSubscription, renewal: datetime | None = None
) -> datetime | None:
    """When the subscription shall end by itself: where Stripe's own period ends, to the second.

    Inside a period that has not begun, Stripe would charge that period short whatever we ask
    (`cancel_at`, https://docs.stripe.com/api/subscriptions/update); inside the present one nothing
    is asked for or credited. renewal: to which the present period's end is about to be moved.
    """
    wanted = end_of(engagement)
    if wanted is None:
        return None
    known = replace(found, anchor=renewal, renews_at=renewal) if renewal else found
    ends = known.period_end_near(wanted)
    return ends if abs(ends - wanted) < A_FEW_DAYS and ends >= known.began_at else wanted
