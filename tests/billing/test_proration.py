"""Parts of months: whatever is cut, and however often, it adds up to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from webapp.billing.changing.proration import Month, change_of_price, cost_of_days, rest
from webapp.engagements.models.period import month_of, span
from webapp.money import Money

anchors = st.dates(date(2026, 1, 1), date(2028, 12, 31))
prices = st.integers(1, 10**9).map(lambda minor: Money(minor, "USD"))


@st.composite
def months(draw: st.DrawFn) -> Month:
    return span(draw(anchors), draw(st.integers(1, 14)))


@given(months(), prices, st.integers(0, 31))
def test_days_paid_and_days_credited_are_the_price(month: Month, price: Money, after: int) -> None:
    day = min(month[0] + timedelta(days=after), month[1])
    used = price - rest(price, month, day)
    assert used + rest(price, month, day) == price
    assert Money(0, "USD") <= rest(price, month, day) <= price
    exact = Fraction(price.minor * (month[1] - day).days, (month[1] - month[0]).days)
    assert abs(rest(price, month, day).minor - exact) < 1


@given(months(), st.lists(st.tuples(st.integers(0, 30), prices), max_size=6), prices)
def test_a_sequence_of_changes_costs_each_day_at_its_own_price(
    month: Month, changes: list[tuple[int, Money]], first: Money
) -> None:
    """The oracle counts days: each stretch of days at its price, by rests of that price alone."""
    days = (month[1] - month[0]).days
    steps = sorted((min(after, days), index, price) for index, (after, price) in enumerate(changes))
    paid, current = first, first
    for after, _, price in steps:
        paid += change_of_price(current, price, month, month[0] + timedelta(days=after))
        current = price
    bounds = pairwise([0, *(after for after, _, _ in steps), days])
    stretches = list(zip([first, *(price for _, _, price in steps)], bounds, strict=True))
    oracle = sum(
        price.prorate(days - begins, days).minor - price.prorate(days - ends, days).minor
        for price, (begins, ends) in stretches
    )
    assert paid.minor == oracle
    exact = sum(Fraction(price.minor * (ends - begins), days)
                for price, (begins, ends) in stretches)  # fmt: skip
    assert abs(paid.minor - exact) <= 2 * len(steps) + 1


@given(anchors, prices, st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_days_cut_anywhere_cost_the_same_together(
    anchor: date, price: Money, first: int, second: int, third: int
) -> None:
    begins, cut, ends = (anchor + timedelta(days=n) for n in sorted((first, second, third)))

    def cost(a: date, b: date) -> int:
        return cost_of_days(a, b, lambda day: span(anchor, month_of(anchor, day)),
                            lambda _: price).minor  # fmt: skip

    assert cost(begins, cut) + cost(cut, ends) == cost(begins, ends)


@given(anchors, st.integers(1, 20))
def test_whole_months_cost_their_price(anchor: date, count: int) -> None:
    price = Money(500000, "USD")
    last = span(anchor, count)[1]
    assert cost_of_days(anchor, last, lambda day: span(anchor, month_of(anchor, day)),
                        lambda _: price) == price * count  # fmt: skip


@given(anchors, st.integers(0, 800))
def test_every_day_lies_in_the_month_that_is_named_for_it(anchor: date, days: int) -> None:
    day = anchor + timedelta(days=days)
    starts, ends = span(anchor, month_of(anchor, day))
    assert starts <= day < ends
