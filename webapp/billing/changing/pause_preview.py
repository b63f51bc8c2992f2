"""What a pause would bring, before it is planned: what goes back as Stripe would give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from webapp import db
from webapp.billing.changing.discounts import (
    Share,
    charged_share,
    foreseen_share,
    of_share,
    paid_share,
)
from webapp.billing.changing.proration import cost_of_days
from webapp.billing.patience import patience
from webapp.billing.returning import charged, crediting
from webapp.billing.returning.charged import Part
from webapp.engagements.models import Engagement
from webapp.money import Money


@dataclass(frozen=True)
class Outline:
    """credit: for paid days in it, before tax, and credit_tax; charge: before tax, for the days
    from its end until `next_month`, when months are charged as before. certain: whether the
    invoice that credit comes from is there; else it is what that is going to be."""

    credit: Money
    credit_tax: Money
    charge: Money
    next_month: date
    certain: bool


def outline(engagement: Engagement, starts: date, ends: date) -> Outline:
    """As things stand; a month that begins with the pause is not charged at all.

    Commits. Raises RetryLater while Stripe cannot be reached.
    """
    figures, parts = _figures(engagement, starts, ends)
    if not parts:
        return figures
    asked, currency = crediting.preview_params(parts), figures.credit.currency
    with patience():
        whole = db.attempt(lambda: crediting.foreseen(asked, currency), lambda found: found)
    return replace(figures, credit_tax=whole - figures.credit)


def known(engagement: Engagement, starts: date, ends: date) -> Outline:
    """The same from what is known here, before tax; asks nothing of Stripe."""
    return _figures(engagement, starts, ends)[0]


def _figures(engagement: Engagement, starts: date, ends: date) -> tuple[Outline, list[Part]]:
    starting, resuming = engagement.month_around(starts), engagement.month_around(ends)
    until = starts if starting[0] == starts else starting[1]
    rest_until = ends if resuming[0] == ends else resuming[1]
    certain = charged_share(engagement, starts) is not None
    credit = _worth(engagement, starts, until, paid_share if certain else foreseen_share)
    parts = charged.of_days(engagement, starts, until, credit) if certain and credit else []
    found = Outline(
        credit=charged.sum_of(parts, credit.currency) if certain else credit,
        credit_tax=credit * 0,
        charge=_worth(engagement, ends, rest_until, foreseen_share),
        next_month=rest_until,
        certain=certain,
    )
    return found, parts


def _worth(
    engagement: Engagement, first: date, last: date, share: Callable[[Engagement, date], Share]
) -> Money:
    def price_on(day: date) -> Money:
        return of_share(engagement.terms_on(day).price, share(engagement, day))

    return cost_of_days(first, last, engagement.month_around, price_on)
