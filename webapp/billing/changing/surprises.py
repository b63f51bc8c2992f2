"""What somebody did in Stripe's dashboard, or the portal: set against the terms, and told.

The rule: what somebody ended there is not paid for, so the engagement ends where the last month
that was paid ends; anything less is left as it is, and a coordinator decides. So it is with what
Stripe ends by itself because nobody paid (given_up.py).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import select

from webapp import clock
from webapp.billing import mirroring
from webapp.billing.buying.order import month_day
from webapp.billing.changing import given_up
from webapp.billing.changing.following import A_FEW_DAYS, end_of
from webapp.billing.models import Invoice, Subscription
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.engagements.stages import RUNNING
from webapp.web import format_day

ENDED = "The subscription was ended at Stripe, and the engagement with it, on {day}: ask why."
WILL_END = ("Stripe will end the subscription on {day}, and no notice was given: give notice here, "
            "or undo it at Stripe.")  # fmt: skip
PAUSED = ("The subscription was paused at Stripe, and no pause is planned here: pause the "
          "engagement, or resume it at Stripe.")  # fmt: skip
PRICE = ("Stripe will charge {price} for the next month, and {agreed} is agreed: change the plan "
         "here, or put the price back at Stripe.")  # fmt: skip
RENEWAL = ("Stripe will charge no month before {day}, and no pause is planned here: put the day "
           "back at Stripe, or pause the engagement.")  # fmt: skip
# By Stripe's clock a month may begin an hour off.
SLACK = timedelta(hours=3)
SETTLING = timedelta(minutes=15)


def compare(engagement_id: uuid.UUID) -> None:
    """Set the subscription's state against the terms; the same surprise is told once."""
    engagement = mirroring.locked(engagement_id)
    mirror = Subscription.of(engagement) if engagement else None
    if engagement is None or mirror is None or engagement.stage not in RUNNING:
        return
    if mirror.given_up:
        given_up.notice(engagement, mirror)
    elif mirror.over:
        _ended(engagement, mirror)
    elif mirror.cancel_at_period_end or mirror.cancels_at:
        _will_end(engagement, mirror)
    elif mirror.status == "paused" and not _pause_runs(engagement):
        FollowUp.ask(engagement.id, f"paused:{mirror.stripe_id}:{engagement.today}", PAUSED)
    elif engagement.stage == "active" and mirror.renews_at:
        _will_charge(engagement, mirror, mirror.renews_at)


def _will_charge(engagement: Engagement, mirror: Subscription, at: datetime) -> None:
    """The next month's price and first day, against the terms. What was changed here lately is
    let be: Stripe may be about to be told."""
    day = month_day(engagement, at)
    lately = clock.now() - SETTLING
    if any(change.at > lately for change in engagement.changes):
        return
    agreed = engagement.terms_on(day).price
    if mirror.price != agreed:
        text = PRICE.format(price=mirror.price.format(), agreed=agreed.format())
        FollowUp.ask(engagement.id, f"price:{mirror.stripe_id}:{mirror.price_minor}", text)
    by_stripe = engagement.local_date(clock.now() + SLACK)
    latest = engagement.month_after(by_stripe) + A_FEW_DAYS
    if day > latest and engagement.live_pause is None:
        text = RENEWAL.format(day=format_day(day))
        FollowUp.ask(engagement.id, f"renewal:{mirror.stripe_id}:{day}", text)


def _pause_runs(engagement: Engagement) -> bool:
    pause = engagement.live_pause
    return pause is not None and pause.state == "running"


def _ended(engagement: Engagement, mirror: Subscription) -> None:
    """As planned, when notice was given for that day; else it takes the engagement along."""
    planned, at = end_of(engagement), mirror.ended_at
    if planned and at and at > planned - A_FEW_DAYS:
        return
    day = _paid_until(engagement, mirror)
    engagement.cut_off(day, "The monthly payment was ended")
    text = ENDED.format(day=format_day(engagement.ends_on or day))
    FollowUp.ask(engagement.id, f"ended:{mirror.stripe_id}", text)


def _paid_until(engagement: Engagement, mirror: Subscription) -> date:
    """The end of the month in which it ended; that day at once where the month is not paid, or
    paused."""
    today = engagement.today
    owed = select(Invoice.id).where(
        Invoice.engagement_id == engagement.id,
        Invoice.status.in_(["open", "uncollectible"]),
        Invoice.attempts > 0,
    )
    if _pause_runs(engagement) or session.scalar(owed.limit(1)):
        return today
    ended = engagement.local_date(mirror.ended_at) if mirror.ended_at else today
    starts, ends = engagement.month_around(ended)
    return starts if starts == ended and ended > engagement.kick_off_on else ends


def _will_end(engagement: Engagement, mirror: Subscription) -> None:
    wanted, told = end_of(engagement), mirror.cancels_at or mirror.renews_at
    if told is None or (wanted and told > wanted - A_FEW_DAYS):
        return
    day = format_day(told, engagement.time_zone)
    cause = f"will_end:{mirror.stripe_id}:{told.date()}"
    FollowUp.ask(engagement.id, cause, WILL_END.format(day=day))
