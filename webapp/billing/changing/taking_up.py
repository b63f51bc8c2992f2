"""Charging months again by a new subscription, where Stripe had ended the one before.

The next month's first day is its first charge. Days that were worked meanwhile, and that no invoice
asked for, are charged at once by an item: the days of a pause never are.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from itertools import groupby

from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from webapp import clock, outbox
from webapp.billing import mirroring
from webapp.billing.buying.order import (
    discounted_products,
    midnight,
    month_day,
    month_number,
    month_start,
)
from webapp.billing.calls import coupons, customers, products, subscriptions
from webapp.billing.changing.following import end_at
from webapp.billing.changing.plan import retainer
from webapp.billing.changing.proration import cost_of_days
from webapp.billing.models import InvoiceItem, Subscription
from webapp.billing.objects.coupon import CouponFacts
from webapp.billing.objects.document import Document
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.owing.bills import bill_now
from webapp.billing.owing.collecting import collection_of
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_day


def begin_again(engagement: Engagement, mirror: Subscription) -> bool:
    """A new subscription takes the place of one that is over; False where no month is left to
    charge. The engagement's lock is the caller's; wherever it breaks off, it goes on with what is
    there at Stripe."""
    last = subscriptions.read(mirror.stripe_id)
    first = _not_charged_from(engagement, last)
    if engagement.ends_on and engagement.ends_on <= first:
        return False
    found = subscriptions.find(last.customer, str(engagement.id))
    found = found or _begun(engagement, last, _next_month(engagement, first))
    mirroring.mirror_subscription(engagement, found)
    _charge_meanwhile(engagement, mirror, first)
    return True


def _not_charged_from(engagement: Engagement, last: StripeSubscription) -> date:
    """The first day that no invoice asked for: where the last month charged ends, or where a pause
    ended whose days up to then were credited, and not charged since."""
    until = month_start(engagement, month_number(engagement, last.renews_at))
    over = [pause for pause in engagement.pauses if pause.state == "over" and pause.paid_until]
    pause = max(over, key=lambda one: one.starts, default=None)
    if pause is None or pause.starts >= until:
        return until  # nothing was charged for its days
    charged = select(InvoiceItem.id).where(InvoiceItem.key == f"resume:{pause.id}")
    return until if session.scalar(charged) else pause.ends


def _next_month(engagement: Engagement, first: date) -> date:
    """When a month is charged next: after those that are paid, and after the one that runs."""
    return first if first > engagement.today else engagement.month_after(engagement.today)


# -- at Stripe -------------------------------------------------------------------------------------


def _begun(engagement: Engagement, last: StripeSubscription, on: date) -> StripeSubscription:
    terms = engagement.terms_on(on)
    offering = engagement.offering_of(terms)
    products.ensure("retainer", offering)
    params: Document = {
        "customer": last.customer,
        "items": [{"price_data": retainer(offering, terms.price), "quantity": 1}],
        "trial_end": int(midnight(on, engagement.time_zone).timestamp()),
        "description": terms.name,
        "metadata": {"engagement": str(engagement.id), "after": last.id},
        **_collected(engagement, last),
        **_reduced(engagement, on),
        **_ending(engagement, last, on),
    }
    return subscriptions.start_after(last.id, params, f"again:{last.id}:{_digest(params)}")


def _digest(params: Document) -> str:
    """Days pass between two tries: other parameters need another key."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:12]


def _collected(engagement: Engagement, last: StripeSubscription) -> Document:
    assert engagement.company is not None
    method = customers.read(last.customer).default_card or last.default_card
    return collection_of(engagement.company.net_days, method)


def _ending(engagement: Engagement, last: StripeSubscription, on: date) -> Document:
    ends = end_at(engagement, last, midnight(on, engagement.time_zone))
    return {"cancel_at": int(ends.timestamp())} if ends else {}


def _reduced(engagement: Engagement, on: date) -> Document:
    """The code used at booking, for as many months as it still has to run."""
    coupon = _coupon_from(engagement, on)
    if coupon is None:
        return {}
    for product in products.missing(list(coupon.products)):
        products.make(product)
    coupons.make(coupon)
    return {"discounts": [{"coupon": coupon.stripe_id}]}


def _coupon_from(engagement: Engagement, on: date) -> CouponFacts | None:
    terms = engagement.terms_on(on)
    number = month_number(engagement, midnight(on, engagement.time_zone))
    if not terms.discounted(number):
        return None
    months = terms.discount_months
    left = None if months is None else _months_ahead(engagement, month_start(engagement, months))
    amount = Money(terms.discount_minor, terms.currency) if terms.discount_minor else None
    listed = tuple(discounted_products(once=False))
    return CouponFacts(terms.coupon_code, terms.discount_percent, amount, left, listed, dated=True)


def _months_ahead(engagement: Engagement, last: date) -> int:
    """Stripe counts from now: so many that the month that begins on `last` is still reduced, and
    none after it."""
    starts, count = midnight(last, engagement.time_zone), 1
    while clock.now() + relativedelta(months=count) <= starts:
        count += 1
    return count


# -- what was worked meanwhile ---------------------------------------------------------------------


def _charge_meanwhile(engagement: Engagement, mirror: Subscription, first: date) -> None:
    """The days from `first` until the next month is charged, with what waited for an invoice."""
    assert mirror.renews_at
    until = month_day(engagement, mirror.renews_at)
    until = min(until, engagement.ends_on) if engagement.ends_on else until
    _owe(engagement, mirror, first, until, "until the next month begins")
    if bill_now(engagement, "Charged again") is None:
        _place_with_the_next(engagement, mirror)


def charge_to_the_end(engagement: Engagement) -> None:
    """It has ended, and Stripe had given up before: the days that no invoice asked for wait for the
    final one. Safe to do again; the engagement's lock is the caller's."""
    mirror = Subscription.of(engagement)
    if mirror and mirror.given_up and mirror.over and engagement.ends_on:
        first = _not_charged_from(engagement, subscriptions.read(mirror.stripe_id))
        _owe(engagement, mirror, first, engagement.ends_on, "until it ended")


def _owe(
    engagement: Engagement, mirror: Subscription, first: date, until: date, to_when: str
) -> None:
    amount = cost_of_work(engagement, first, until)
    if amount:
        label = f"From {format_day(first)}: {(until - first).days} days {to_when}"
        InvoiceItem.add(engagement, "proration", f"again:{mirror.stripe_id}", label, amount,
                        starts=first, ends=until)  # fmt: skip


def _place_with_the_next(engagement: Engagement, mirror: Subscription) -> None:
    """What is not billed now goes on the next month's invoice."""
    for item in InvoiceItem.pending_of(engagement):
        key = f"billing.place_item:{item.id}:{mirror.stripe_id}"
        outbox.enqueue("billing.place_item", item.id, key=key)


def cost_of_work(engagement: Engagement, first: date, until: date) -> Money:
    """What the days [first, until) cost, less a code that still runs; those of a pause nothing."""

    def price_on(day: date) -> Money:
        terms = engagement.terms_on(day)
        number = month_number(engagement, midnight(day, engagement.time_zone))
        off = terms.monthly_discount if terms.discounted(number) else Money(0, terms.currency)
        return Money(0, terms.currency) if engagement.paused_on(day) else terms.price - off

    days = (first + timedelta(days=number) for number in range((until - first).days))
    total = Money(0, engagement.terms.currency)
    for _, stretch in groupby(days, price_on):
        [starts, *others] = stretch
        ends = starts + timedelta(days=len(others) + 1)
        total += cost_of_days(starts, ends, engagement.month_around, price_on)
    return total
