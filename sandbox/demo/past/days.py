"""Days gone by: sets the clocks back once, then moves them on to now, doing what falls due."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from sandbox.timemachine.clock_file import set_business_time
from sandbox.timemachine.jobs import Jobs
from sandbox.timemachine.machine import TimeMachine
from sandbox.timemachine.stand_in import StandIn
from webapp import clock
from webapp.config import Settings
from webapp.db import session, transaction
from workers import job, plan, relay

AT_ONCE = 50
# When people are at work on both sides of the ocean.
HOUR = time(15)
# In which what a day left to do is done, in seconds.
LONGEST = 120


@dataclass(frozen=True)
class Deed:
    """What somebody did on a day. One that was broken off is done again."""

    on: date
    do: Callable[[], object]

    @property
    def at(self) -> datetime:
        return datetime.combine(self.on, HOUR, UTC)


class Hands:
    """Plans what is due, and does it in this process: the worker may not be there yet, and when it
    is, they share the work."""

    def run(self) -> None:
        plan.everything()
        self.work()

    def work(self) -> None:
        while rows := _leased():
            for row in rows:
                job.perform(str(row.job_id), str(row.token), row.again)


def _leased() -> list[relay.Leased]:
    with transaction():
        return list(relay.lease(AT_ONCE))


@dataclass(frozen=True)
class Days:
    """clock_file: where every process reads business time from."""

    clock_file: Path
    stand_in: StandIn
    machine: TimeMachine
    hands: Hands

    @classmethod
    def of(cls, settings: Settings) -> "Days | None":
        """None where business time is the machine's and cannot be set."""
        file = os.environ.get("CLOCK_OFFSET_FILE")
        if not file:
            return None
        stand_in = StandIn(settings.stripe_api_base)
        jobs, hands = Jobs(settings.database_url), Hands()
        return cls(Path(file), stand_in, TimeMachine(Path(file), jobs, hands, stand_in), hands)

    @property
    def in_the_past(self) -> bool:
        return clock.now() < clock.machine_now().replace(second=0)

    def set_back(self, to: datetime) -> None:
        """Before anything is there."""
        set_business_time(self.clock_file, to)
        self.stand_in.begin(to)

    def live(self, deeds: Iterable[Deed]) -> None:
        """Each in its turn, then on to now. Those that an earlier run has left behind are not done
        again, but for the last, in the middle of which it may have stopped."""
        ordered = sorted(deeds, key=lambda deed: deed.at)
        done = sum(deed.at <= clock.now() for deed in ordered)
        for deed in ordered[max(0, done - 1) :]:
            self.go_to(deed.at)
            deed.do()
        self.machine.settle()
        self.arrive()

    def go_to(self, at: datetime) -> None:
        """What the day before left to do is done on that day."""
        session.remove()
        if at > clock.now():
            self.hands.work()
            self.machine.wait_until_quiet(LONGEST)
            self.machine.move_to(at)
            self.machine.settle()

    def arrive(self) -> None:
        """Both clocks are the machine's own again."""
        self.clock_file.write_text("0")
        self.stand_in.advance(clock.machine_now())
        self.machine.settle()
