"""Parts of months, by whole local days. Pure: dates and money in, money out.

Of a month [starts, ends) at a price, the days from `day` on cost `rest`; what lies between two days
costs the difference of two rests. So parts of a month always add up to its price, to the cent,
however often it is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from webapp.money import Money

Month = tuple[date, date]


def rest(price: Money, month: Month, day: date) -> Money:
    """What the days of the month from `day` on cost; all of it before, nothing after."""
    starts, ends = month
    left = (ends - min(max(day, starts), ends)).days
    return price.prorate(left, (ends - starts).days)


def change_of_price(old: Money, new: Money, month: Month, day: date) -> Money:
    """What another price from `day` on adds to a month that is paid at the old one."""
    return rest(new, month, day) - rest(old, month, day)


def cost_of_days(
    first: date,
    last: date,
    month_around: Callable[[date], Month],
    price_on: Callable[[date], Money],
) -> Money:
    """What the days [first, last) cost, month by month, each at the price of its first day."""
    total = Money(0, price_on(first).currency)
    while first < last:
        month = month_around(first)
        until = min(month[1], last)
        price = price_on(first)
        total += rest(price, month, first) - rest(price, month, until)
        first = until
    return total
