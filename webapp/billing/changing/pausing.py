"""Pauses at Stripe: no invoice in one, and of the months around it exactly the days worked paid.

Each step is written down before the next is taken, so that a job killed anywhere goes on where it
stopped: what was charged already is credited first, then Stripe is told to stop.
"""

from __future__ import annotations

import uuid
from datetime import MAXYEAR, date, timedelta

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing.buying.order import midnight, month_day
from webapp.billing.calls import customers, invoices, payment_methods, subscriptions
from webapp.billing.changing.discounts import (
    WHOLE,
    Share,
    asked_share,
    of_share,
    paid_share,
    share_ahead,
)
from webapp.billing.changing.following import end_at
from webapp.billing.changing.proration import cost_of_days
from webapp.billing.models import Credit, InvoiceItem, Subscription
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.owing.asked_days import AskedDays
from webapp.billing.owing.bills import bill_now
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp, Pause
from webapp.engagements.planning import BEFORE_MIDNIGHT
from webapp.money import Money
from webapp.web import format_day

HALF_A_DAY = timedelta(hours=12)
CARD_GONE = "The pause is over, but the card on file has expired: ask for another one."


def _locked(pause_id: uuid.UUID) -> tuple[Pause, Engagement]:
    pause = session.get_one(Pause, pause_id)
    engagement = mirroring.locked(pause.engagement_id)
    assert engagement is not None
    session.refresh(pause, with_for_update=True)
    return pause, engagement


def _charged_until(engagement: Engagement, found: StripeSubscription) -> date:
    """The first local day that no month charged so far covers; Stripe may be an hour off.

    A pause cuts the period: then the month in which it began tells.
    """
    if found.status == "paused":
        return engagement.month_after(month_day(engagement, found.began_at))
    return month_day(engagement, found.renews_at)


# -- it begins -------------------------------------------------------------------------------------


def begin(pause_id: uuid.UUID) -> None:
    """The pause's first day is near: cut the month, credit what is paid of it beyond; once."""
    pause, engagement = _locked(pause_id)
    early = clock.now() < midnight(pause.starts, engagement.time_zone) - BEFORE_MIDNIGHT
    if pause.state != "planned" or early or engagement.stage != "active":
        return
    mirror = Subscription.of(engagement)
    read = mirror and (mirror.given_up or not mirror.over)
    running = subscriptions.read(mirror.stripe_id) if mirror and read else None
    until = _charged_until(engagement, running) if running else pause.starts
    pause.paid_until = max(until, pause.starts)
    credit = _paid_for(engagement, pause.starts, pause.paid_until)
    engagement.begin_pause(pause, -credit)
    _credit(engagement, pause, f"pause:{pause.id}", pause.starts, credit)
    if running:
        outbox.enqueue("billing.hold", pause.id)


def _paid_for(engagement: Engagement, first: date, last: date) -> Money:
    """What another pause gave back, and nobody asked for since, is not given back again."""
    asked = AskedDays.of(engagement)

    def price_on(day: date) -> Money:
        if asked.given_back(day):
            return Money(0, engagement.terms.currency)
        return of_share(engagement.terms_on(day).price, paid_share(engagement, day))

    return cost_of_days(first, last, engagement.month_around, price_on)


def _credit(engagement: Engagement, pause: Pause, key: str, first: date, amount: Money) -> None:
    if not amount:
        return
    last = pause.paid_until
    assert last is not None
    label = f"Paused from {format_day(first)}: {(last - first).days} days paid and not used"
    Credit.intend(engagement, "pause", key, label, amount, (first, last))


def hold(pause_id: uuid.UUID) -> None:
    """Keep Stripe from charging while the pause runs; safe to do again.

    A month that was charged meanwhile is credited before: only then is Stripe told. One that was
    charged while Stripe was being told shows in its answer.
    """
    pause, engagement = _locked(pause_id)
    mirror = Subscription.of(engagement)
    if pause.state != "running" or mirror is None or mirror.over:
        return
    found = subscriptions.read(mirror.stripe_id)
    if found.over:
        pause.held = pause.held or "paused"
    elif found.status == "trialing" or found.collection == "invoice":
        found = _put_off(engagement, pause, found)
    elif found.status == "paused" or not _charged(engagement, pause, found):
        if found.status != "paused":
            found = subscriptions.pause(found.id, f"pause:{pause.id}")
        pause.held = pause.held or "paused"
        _charged(engagement, pause, found)
    mirror.take(found)
    audit.record("subscription.held", engagement, pause=str(pause.id), how=pause.held)


def _charged(engagement: Engagement, pause: Pause, found: StripeSubscription) -> bool:
    return _credit_until(engagement, pause, _charged_until(engagement, found))


def _credit_until(engagement: Engagement, pause: Pause, until: date) -> bool:
    """Whether a renewal came first: then its days are credited, and we come again."""
    known = pause.paid_until
    assert known is not None
    if until <= known:
        return False
    first, pause.paid_until = max(known, pause.starts), until
    credit = _paid_for(engagement, first, until)
    _credit(engagement, pause, f"pause:{pause.id}:{until}", first, credit)
    outbox.enqueue("billing.hold", pause.id, until.isoformat())
    return True


def _put_off(engagement: Engagement, pause: Pause, found: StripeSubscription) -> StripeSubscription:
    """Stripe pauses nothing that is on trial or pays by invoice: let the next charge wait for the
    first month that begins after the pause. What is on trial was charged for no later month.

    A renewal that comes while we ask is told by its invoice alone: the period is cut by then."""
    if found.status != "trialing" and _charged(engagement, pause, found):
        return found
    wanted = midnight(_next_month(engagement, pause.ends), engagement.time_zone)
    pause.held = "moved"
    if found.renews_at < wanted - HALF_A_DAY:
        end = end_at(engagement, found, wanted)
        found = subscriptions.move_renewal(found.id, wanted, end)
    _credit_until(engagement, pause, _invoiced_until(engagement, found))
    return found


def _invoiced_until(engagement: Engagement, found: StripeSubscription) -> date:
    """The first local day that no invoice of a month covers."""
    months = (one.covers for one in invoices.list_of(found.id) if one.status != "void")
    ends = (month_day(engagement, month.ends) for month in months if month)
    return max(ends, default=engagement.kick_off_on)


def _next_month(engagement: Engagement, day: date) -> date:
    """The first month that begins on that day or after it."""
    starts, ends = engagement.month_around(day)
    return starts if starts == day else ends


# -- it ends ---------------------------------------------------------------------------------------


def resume(pause_id: uuid.UUID, by_id: uuid.UUID | None = None) -> None:
    """The day has come on which work goes on: charge what is left of the month, at once.

    by_id: who had it end sooner. Not while the card on file has expired: a coordinator is asked
    to see to that first.
    """
    pause, engagement = _locked(pause_id)
    if pause.state != "running" or engagement.today < pause.ends:
        return
    if engagement.ends_on and engagement.ends_on <= pause.ends:
        return
    if not _can_be_charged(engagement):
        FollowUp.ask(engagement.id, f"resume:{pause.id}", CARD_GONE)
        return
    _go_on(pause, engagement, session.get(Person, by_id) if by_id else None)


def _can_be_charged(engagement: Engagement) -> bool:
    """Whether the means of payment is good, as far as can be told: a card shows when it ends.

    Of its own subscription's: a company may pay each engagement with another card.
    """
    mirror = Subscription.of(engagement)
    if mirror is None or mirror.over or mirror.collection == "invoice":
        return True
    found = subscriptions.read(mirror.stripe_id)
    method = found.default_card or customers.read(found.customer).default_card
    expires = payment_methods.read(method).expires if method else ""
    month, year = map(int, expires.split("/")) if expires else (12, MAXYEAR)
    return (year, month) >= (engagement.today.year, engagement.today.month)


def _go_on(pause: Pause, engagement: Engagement, by: Person | None) -> None:
    """Stripe first, then what is left of the month by what Stripe says it charges next."""
    on, mirror = engagement.today, Subscription.of(engagement)
    charge, until, share = Money(0, engagement.terms.currency), on, WHOLE
    if mirror and not mirror.over:
        before = subscriptions.read(mirror.stripe_id)
        after = _taken_up(engagement, pause, before, on)
        mirror.take(after)
        until = _charged_from(engagement, pause, (before, after), on)
        share = asked_share(engagement, on) or share_ahead(mirror) if until > on else WHOLE
        charge = _rest_of_month(engagement, share, on, until)
    engagement.resume(pause, on, by, charge)
    if charge:
        label = f"From {format_day(on)}: {(until - on).days} days until the next month begins"
        InvoiceItem.add(engagement, "proration", f"resume:{pause.id}", label, charge,
                        starts=on, ends=until, share=share)  # fmt: skip
        bill_now(engagement, f"Resumed on {on}")


def _rest_of_month(engagement: Engagement, share: Share, on: date, until: date) -> Money:
    def price_on(day: date) -> Money:
        return of_share(engagement.terms_on(day).price, share)

    return cost_of_days(on, until, engagement.month_around, price_on)


def _taken_up(
    engagement: Engagement, pause: Pause, found: StripeSubscription, on: date
) -> StripeSubscription:
    if found.status == "paused":
        return subscriptions.resume(found.id, f"resume:{pause.id}")
    if pause.held == "moved":
        wanted = midnight(engagement.month_after(on), engagement.time_zone)
        if found.renews_at > wanted + HALF_A_DAY:
            end = end_at(engagement, found, wanted)
            return subscriptions.move_renewal(found.id, wanted, end)
    return found


def _charged_from(
    engagement: Engagement,
    pause: Pause,
    found: tuple[StripeSubscription, StripeSubscription],
    on: date,
) -> date:
    """The day from which Stripe charges months again: until then we do."""
    before, after = found
    begins_month = engagement.month_around(on)[0] == on
    if pause.held == "moved" and begins_month:
        renewed = before.status != "trialing"
        if renewed or _charged_until(engagement, before) == on:
            return on  # the charge had been put off to this very day
    return min(_charged_until(engagement, after), engagement.month_after(on))
