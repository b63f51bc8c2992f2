"""Every day is asked for once, unless it was paused: whatever comes when, by one rule."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from webapp.billing.models import Credit, InvoiceItem
from webapp.billing.owing.asked_days import AskedDays, days_of
from webapp.engagements.models.period import month_of, span

KICK_OFF = date(2027, 1, 31)
Days = tuple[date, date]
EVENTS = ("work", "pause", "give up", "take up")


@dataclass
class Life:
    """A retainer as it is lived, a day after the other; asked: how often each day was asked for,
    less how often it was given back."""

    today: date = KICK_OFF
    charged: date = KICK_OFF  # up to which months were asked for while Stripe charges them
    stopped: bool = False
    months: set[int] = field(default_factory=set)
    items: list[InvoiceItem] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    asked: Counter[date] = field(default_factory=Counter)
    paused: set[date] = field(default_factory=set)
    ids: itertools.count[int] = field(default_factory=itertools.count)

    def known(self) -> AskedDays:
        return AskedDays(KICK_OFF, frozenset(self.months), self.items, self.credits)

    def charge_months(self) -> None:
        while not self.stopped and self.charged <= self.today:
            number = month_of(KICK_OFF, self.charged)
            self.months.add(number)
            self.asked.update(days_of(*span(KICK_OFF, number)))
            self.charged = span(KICK_OFF, number)[1]

    def work(self, days: int) -> None:
        for _ in range(days):
            self.charge_months()
            self.today += timedelta(days=1)
        self.charge_months()

    def pause(self, days: int) -> None:
        """What was asked for from today on is given back; once it is over, the days left of that
        month are asked for, unless Stripe charges nothing any more."""
        ends = self.today + timedelta(days=days)
        if self.charged > self.today:
            age = uuid.UUID(int=next(self.ids))
            self.credits.append(Credit(id=age, starts=self.today, ends=self.charged))
            self.asked.subtract(days_of(self.today, self.charged))
        self.paused.update(days_of(self.today, ends))
        self.today = ends
        if not self.stopped:
            self.charged = max(span(KICK_OFF, month_of(KICK_OFF, ends))[1], self.charged)
            self._item("resume:", (ends, self.charged))
        else:
            self.charged = min(self.charged, self.today)

    def give_up(self, _days: int) -> None:
        """With the next month, which is asked for and never paid."""
        if not self.stopped:
            self.work((self.charged - self.today).days)
            self.stopped = True

    def take_up(self, _days: int) -> None:
        if self.stopped:
            asked = self.known().until
            on = max(asked, span(KICK_OFF, month_of(KICK_OFF, self.today))[1])
            self.ask_missing(on)
            self.stopped, self.charged = False, on

    def ask_missing(self, until: date) -> None:
        for day in self.known().missing(until):
            if day not in self.paused:
                self._item("again:", (day, day + timedelta(days=1)))

    def _item(self, key: str, days: Days) -> None:
        if days[0] < days[1]:
            age = uuid.UUID(int=next(self.ids))
            self.items.append(InvoiceItem(id=age, key=key, starts=days[0], ends=days[1]))
            self.asked.update(days_of(*days))


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 40)), max_size=9))
def test_every_day_from_the_kick_off_to_the_end_is_asked_for_once_unless_paused(
    events: list[tuple[str, int]],
) -> None:
    life = Life()
    life.work(1)
    for what, days in events:
        getattr(life, what.replace(" ", "_"))(days)
    life.work(1)
    life.ask_missing(life.today)
    lived = days_of(KICK_OFF, life.today)
    assert [day for day in lived if life.asked[day] != (day not in life.paused)] == []
    unasked = [day for day in life.known().missing(life.today) if day not in life.paused]
    assert unasked == []
