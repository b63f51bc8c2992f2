"""The year itself: day after day, clients come, stay, change their minds and are charged."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests import make
from tests.simulation import arrears, changes, deeds, dues
from tests.simulation.client import Client
from tests.simulation.ways import AT_HOME, CODES, FOR_EVER, REGISTERED
from tests.simulation.world import World
from webapp import clock
from webapp.access import Role
from webapp.billing.models import Coupon
from webapp.db import transaction

DAY = timedelta(days=1)
# A consultant has room for so many clients of a day a month.
CLIENTS_EACH = 8
CLEARING_DAYS = 4

# What may happen stands in these; importing them registers it.
WHAT_HAPPENS = (arrears, changes, deeds, dues)
Progress = Callable[[int, int], None]


def new_year() -> datetime:
    """The first Monday of next year, at nine: weekdays and month ends are alike in every run."""
    first = datetime(datetime.now(UTC).year + 1, 1, 1, 9, tzinfo=UTC)
    return first + timedelta(days=-first.weekday() % 7)


@dataclass
class Year:
    """engagements begin in the first third of so many days; told: what happened how often."""

    world: World
    seed: int
    engagements: int
    days: int
    clients: list[Client] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    ended: datetime = field(init=False)
    _last_day: datetime = field(init=False)

    def live(self, progress: Progress = lambda _done, _all: None) -> None:
        began = time.monotonic()
        consultants = self._firm()
        self.clients = self._clients()
        self.world.stripe.control("rules", country=AT_HOME, registered=REGISTERED)
        self.world.weather.begin()
        start = clock.now().replace(microsecond=0)
        for day in range(self.days):
            self._one_day(start + day * DAY, consultants)
            progress(day + 1, self.days + CLEARING_DAYS)
        self.world.weather.clear()
        for day in range(self.days, self.days + CLEARING_DAYS):
            self.world.stripe.deliver()
            self.world.pass_to(start + day * DAY)
            progress(day + 1, self.days + CLEARING_DAYS)
        self.ended = clock.now()
        self._last_day = start + (self.days + CLEARING_DAYS - 1) * DAY
        self.seconds = time.monotonic() - began

    def another_day(self) -> None:
        """On which nobody does anything, and all goes well."""
        self._last_day += DAY
        self.world.pass_to(self._last_day)
        self.world.stripe.deliver()
        self.world.do_what_is_due()
        self.ended = clock.now()

    def _one_day(self, now: datetime, consultants: list[uuid.UUID]) -> None:
        self.world.weather.draw()
        self.world.pass_to(now)
        for client in self.clients:
            if client.facts is None and client.begins <= now:
                client.book(consultants[client.number // CLIENTS_EACH])
                self.told["booked"] += 1
            elif client.facts:
                self.told.update(deeds.of_a_day(client))
        self.world.do_what_is_due()

    def _firm(self) -> list[uuid.UUID]:
        """The consultants with their parts of what is paid, and those of the firm who decide."""
        dice = random.Random(f"{self.seed}:firm")
        with transaction():
            for role in (Role.OWNER, Role.COORDINATOR, Role.FINANCE):
                make.person(role, name=f"The {role}", email=f"{role}@firm.example.com")
            for code, (percent, months) in CODES.items():
                limit = months if months < FOR_EVER else None
                make.saved(Coupon(code=code, percent=percent, months=limit))
            count = self.engagements // CLIENTS_EACH + 1
            return [
                make.consultant(
                    roles=["coo", "integrator"], share_percent=dice.choice((0, 40, 65))
                ).id
                for _ in range(count)
            ]

    def _clients(self) -> list[Client]:
        dice = random.Random(self.seed)
        start = clock.now()
        days = max(self.days // 3, 1)
        begins = sorted(
            start + timedelta(days=dice.randrange(days)) for _ in range(self.engagements)
        )
        return [Client(self.world, self.seed, n, at) for n, at in enumerate(begins)]
