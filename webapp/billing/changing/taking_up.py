"""Charging months again by a new subscription, where Stripe had ended the one before.

The next month's first day is its first charge. Days that were worked meanwhile, and that nothing
asked for (asked_days.py), are charged at once by items: the days of a pause never are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from dateutil.relativedelta import relativedelta

from webapp import clock
from webapp.billing import mirroring
from webapp.billing.buying.order import (
    discounted_products,
    midnight,
    month_day,
    month_number,
    month_start,
)
from webapp.billing.calls import coupons, customers, products, subscriptions
from webapp.billing.changing.discounts import Share, of_share
from webapp.billing.changing.following import end_at
from webapp.billing.changing.plan import retainer
from webapp.billing.changing.proration import Month, rest
from webapp.billing.models import InvoiceItem, Subscription
from webapp.billing.objects.coupon import CouponFacts
from webapp.billing.objects.document import Document
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.owing.asked_days import AskedDays
from webapp.billing.owing.bills import bill_now
from webapp.billing.owing.collecting import collection_of
from webapp.billing.returning.crediting import close_later
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_day


def begin_again(engagement: Engagement, mirror: Subscription) -> bool:
    """A new subscription takes the place of one that is over; False where no month is left to
    charge. The engagement's lock is the caller's; wherever it breaks off, it goes on with what is
    there at Stripe. The days in between are another job's (`charge_meanwhile`), put in line by the
    mirror."""
    asked = AskedDays.of(engagement).until
    if engagement.ends_on and engagement.ends_on <= asked:
        return False
    last = subscriptions.read(mirror.stripe_id)
    on = max(asked, engagement.month_after(engagement.today))
    found = subscriptions.find(last.customer, str(engagement.id)) or _begun(engagement, last, on)
    mirroring.mirror_subscription(engagement, found)
    return True


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


def charge_meanwhile(engagement: Engagement, before: str, again: datetime) -> None:
    """The days that nothing asks for, up to the first that is charged again, on a bill of their own
    with what waited; once it has ended, on the final invoice. before: Stripe's id of the
    subscription that was given up. The engagement's lock is the caller's; safe to do again."""
    until = month_day(engagement, again)
    until = min(until, engagement.ends_on) if engagement.ends_on else until
    mirroring.hear_invoices(engagement, before)
    _owe_missing(engagement, before, until)
    if engagement.stage == "ended":
        close_later(engagement, f"again:{before}")
    else:
        bill_now(engagement, "Charged again")


def charge_to_the_end(engagement: Engagement) -> None:
    """It has ended, and Stripe had given up before: the days that nothing asks for wait for the
    final invoice. Safe to do again; the engagement's lock is the caller's."""
    mirror = Subscription.of(engagement)
    if mirror and mirror.given_up and mirror.over and engagement.ends_on:
        mirroring.hear_invoices(engagement, mirror.stripe_id)
        _owe_missing(engagement, mirror.stripe_id, engagement.ends_on)


def cost_of_missing(engagement: Engagement, until: date) -> Money:
    """What the days before that one cost that nothing asks for."""
    nothing = Money(0, engagement.terms.currency)
    return sum((cost for *_, cost in _missing(engagement, until)), nothing)


def _owe_missing(engagement: Engagement, before: str, until: date) -> None:
    for (starts, ends), share, cost in _missing(engagement, until):
        of = f"{(ends - starts).days} of {_length(engagement.month_around(starts))} days"
        label = f"{engagement.terms_on(starts).name}, from {format_day(starts)}: {of}"
        InvoiceItem.add(engagement, "proration", f"again:{before}:{starts}", label, cost,
                        starts=starts, ends=ends, share=share)  # fmt: skip


def _length(month: Month) -> int:
    return (month[1] - month[0]).days


def _missing(engagement: Engagement, until: date) -> Iterator[tuple[Month, Share, Money]]:
    """Days in a row of one month at one price, what share of that is charged, and what they cost;
    those of a pause cost nothing."""
    days = AskedDays.of(engagement).missing(until)
    worked = [day for day in days if not engagement.paused_on(day)]
    for _, same in groupby(enumerate(worked), lambda one: _stretch(engagement, *one)):
        first, *others = (day for _, day in same)
        days_of_it = first, first + timedelta(days=len(others) + 1)
        share = _share_on(engagement, first)
        price = of_share(engagement.terms_on(first).price, share)
        month = engagement.month_around(first)
        cost = rest(price, month, days_of_it[0]) - rest(price, month, days_of_it[1])
        if cost:
            yield days_of_it, share, cost


def _stretch(engagement: Engagement, place: int, day: date) -> tuple[object, ...]:
    """What days in a row, of the same month and plan, have in common."""
    terms = engagement.terms_on(day)
    return day - timedelta(days=place), engagement.month_around(day), terms.valid_from


def _share_on(engagement: Engagement, day: date) -> Share:
    """Of the price, less a code that still runs."""
    terms = engagement.terms_on(day)
    number = month_number(engagement, midnight(day, engagement.time_zone))
    off = terms.monthly_discount.minor if terms.discounted(number) else 0
    return terms.price_minor - off, terms.price_minor
