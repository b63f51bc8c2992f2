"""What will be charged in the next thirty days, as foreseen: by currency.

A renewal is what Stripe's own preview of it says (`Upcoming`): after codes and credit, with tax
and with what waits. Around a pause there is no preview: what begins again is reckoned from the
terms, before tax.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.billing.buying.order import midnight, month_day
from webapp.billing.changing.proration import cost_of_days
from webapp.billing.models import Customer, Subscription, Upcoming
from webapp.billing.models.subscription import OVER
from webapp.db import session
from webapp.engagements.models import Engagement, Pause
from webapp.engagements.models.period import month_of
from webapp.money import Money

AHEAD = timedelta(days=30)


@dataclass(frozen=True)
class Coming:
    """rows: how many charges, and minor: what they come to."""

    currency: str
    rows: int
    minor: int


def coming() -> list[Coming]:
    """One query for all who go on; the few around whose month there is a pause, one by one."""
    until = clock.now() + AHEAD
    found: dict[str, list[int]] = defaultdict(list)
    for minor, currency in _renewals(until):
        found[currency].append(minor)
    for pause in _pauses(until):
        for amount in _around(pause, until):
            found[amount.currency].append(amount.minor)
    return [Coming(code, len(minors), sum(minors)) for code, minors in found.items()]


# -- renewals --------------------------------------------------------------------------------------


def _renewals(until: datetime) -> Iterable[tuple[int, str]]:
    """(minor units, currency) of each."""
    foreseen = func.coalesce(Upcoming.due_minor, Subscription.price_minor)
    stays = or_(Subscription.cancels_at.is_(None), Subscription.cancels_at > Subscription.renews_at)
    rows = (
        select(foreseen, Subscription.currency)
        .outerjoin(Upcoming, Upcoming.engagement_id == Subscription.engagement_id)
        .where(
            Subscription.status.not_in((*OVER, "paused")),
            Subscription.cancel_at_period_end.is_(False),
            Subscription.renews_at.between(clock.now(), until),
            stays,
            Subscription.engagement_id.not_in(
                _paused(until).with_only_columns(Pause.engagement_id)
            ),
        )
    )
    return ((row[0], row[1]) for row in session.execute(rows))


# -- around a pause --------------------------------------------------------------------------------


def _paused(until: datetime) -> Select[Pause]:
    return select(Pause).where(
        Pause.state.in_(("planned", "running")), Pause.starts <= until.date()
    )


def _pauses(until: datetime) -> Iterable[Pause]:
    rows = _paused(until).options(
        joinedload(Pause.engagement).selectinload(Engagement.terms_history)
    )
    return session.scalars(rows.order_by(Pause.id)).all()


def _around(pause: Pause, until: datetime) -> Iterator[Money]:
    """The charges until then, less the client's credit; what it pays whole is no charge."""
    engagement = pause.engagement
    mirror = Subscription.of(engagement)
    if mirror is None or mirror.over:
        return
    before = list(_before(pause, mirror, until))
    yield from before
    credit = Money(0, engagement.terms.currency) if before else _credit(engagement)
    for amount in _after(pause, until):
        used = min(amount, credit)
        credit -= used
        if amount > used:
            yield amount - used


def _before(pause: Pause, mirror: Subscription, until: datetime) -> Iterator[Money]:
    """A renewal that comes before the pause begins."""
    if pause.state != "planned" or not mirror.renews or mirror.renews_at is None:
        return
    if mirror.renews_at <= until and month_day(pause.engagement, mirror.renews_at) < pause.starts:
        upcoming = Upcoming.of(pause.engagement)
        yield upcoming.due if upcoming else mirror.price


def _after(pause: Pause, until: datetime) -> Iterator[Money]:
    """The days from its end to the next month, and that month, where they come by then."""
    engagement, day = pause.engagement, pause.ends
    starts, ends = engagement.month_around(day)
    month = starts if starts == day else ends
    if _comes(engagement, day, until) and month > day:
        yield cost_of_days(day, month, engagement.month_around, lambda on: _price(engagement, on))
    if _comes(engagement, month, until):
        yield _price(engagement, month)


def _comes(engagement: Engagement, day: date, until: datetime) -> bool:
    over = engagement.ends_on is not None and engagement.ends_on <= day
    return not over and midnight(day, engagement.time_zone) <= until


def _price(engagement: Engagement, day: date) -> Money:
    """Of the month in which a day lies, after the code that is good for it."""
    terms = engagement.terms_on(day)
    month = month_of(engagement.kick_off_on, day)
    return terms.price - terms.monthly_discount if terms.discounted(month) else terms.price


def _credit(engagement: Engagement) -> Money:
    customer, currency = Customer.of(engagement.company_id), engagement.terms.currency
    nothing = Money(0, currency)
    ours = customer is not None and customer.credit.currency == currency
    return max(customer.credit, nothing) if customer and ours else nothing
