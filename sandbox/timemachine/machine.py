"""From one due instant to the next, settling everything at each, so that nothing is skipped."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from sandbox.timemachine.clock_file import set_business_time
from sandbox.timemachine.jobs import Jobs
from sandbox.timemachine.stand_in import Deliveries
from webapp import clock


class NotSettled(Exception):
    """Jobs or webhooks did not come to rest in time; ``work`` names them."""

    def __init__(self, work: list[str]) -> None:
        super().__init__("Still not done: " + "; ".join(work))
        self.work = work


class Planning(Protocol):
    def run(self) -> None: ...


class Payments(Protocol):
    def next_due(self) -> datetime | None: ...

    def advance(self, to: datetime) -> None: ...

    def deliver(self) -> Deliveries: ...


@dataclass
class TimeMachine:
    """``zones``: at each of their midnights a step is made, so that planners run every day."""

    clock_file: Path
    jobs: Jobs
    planner: Planning
    payments: Payments
    zones: tuple[str, ...] = ("UTC",)
    # Longer than the lease of a job whose worker was killed: it is handed over again after that.
    settle_within: float = 240
    on_step: Callable[[datetime], None] = lambda now: None
    delivered: int = 0

    def advance(self, target: datetime) -> int:
        """Moves business time to ``target`` (aware; nothing happens when it is past). Returns the
        number of steps."""
        steps = 0
        self.settle()
        while (now := clock.now()) < target:
            self.move_to(min(target, self.next_instant(now)))
            self.settle()
            steps += 1
        return steps

    def next_instant(self, now: datetime) -> datetime:
        """When something is due next, at the latest at the next midnight."""
        due = (self.jobs.next_due(now), self.payments.next_due())
        midnights = [next_midnight(now, zone) for zone in self.zones]
        return earliest((*due, *midnights), now)

    def move_to(self, instant: datetime) -> None:
        """The app first: what Stripe then reports has a date that is not in its future."""
        set_business_time(self.clock_file, instant)
        self.payments.advance(instant)
        self.on_step(instant)

    def settle(self) -> None:
        """Plans and drains until planning finds nothing more to do at this instant."""
        deadline = time.monotonic() + self.settle_within
        while True:
            self.planner.run()
            if not self.drain(deadline):
                return

    def drain(self, deadline: float) -> bool:
        """Waits until no job is due and no webhook waits; tells whether there was any."""
        seen = False
        while work := self.outstanding():
            if time.monotonic() > deadline:
                raise NotSettled(work)
            if not seen:
                self.jobs.wake_relay()
            seen = True
            time.sleep(0.02)
        return seen

    def wait_until_quiet(self, seconds: float) -> list[str]:
        """Waits until nothing is due; returns what still is when the time is over."""
        try:
            self.drain(time.monotonic() + seconds)
        except NotSettled as error:
            return error.work
        return []

    def outstanding(self) -> list[str]:
        """Jobs first: while there are any, Stripe need not be asked. A webhook that has arrived
        since the last look counts too, as it may have left a job."""
        return self.jobs.under_way(clock.now()) or self.webhooks()

    def webhooks(self) -> list[str]:
        seen, found = self.delivered, self.payments.deliver()
        self.delivered = found.delivered
        return [f"{found.pending} webhooks"] if found.pending or found.delivered > seen else []


def earliest(instants: Iterable[datetime | None], now: datetime) -> datetime:
    """The first of those after ``now``; what is overdue is taken a moment from now."""
    return max(min(instant for instant in instants if instant), now + timedelta(milliseconds=1))


def next_midnight(now: datetime, zone: str) -> datetime:
    """The start of the next day there, in UTC; where a clock change skips midnight, the first
    instant after it."""
    local = now.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (midnight + timedelta(days=1)).astimezone(UTC)
