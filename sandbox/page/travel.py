"""One journey through time at a time, and how far it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.timemachine.machine import TimeMachine
from webapp import clock


class OnTheWay(Exception):
    """Time is already being moved."""


class Backwards(ValueError):
    """The target lies in the past: business time only moves forward."""


@dataclass
class Travel:
    """What the last or present journey did. Times are aware business time."""

    machine: TimeMachine
    origin: datetime | None = None
    target: datetime | None = None
    reached: datetime | None = None
    steps: int = 0
    error: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.machine.on_step = self.note

    @property
    def is_running(self) -> bool:
        return self.lock.locked()

    @property
    def done(self) -> float:
        """The part of the way that lies behind, 0 to 1."""
        if not (self.origin and self.target and self.reached):
            return 0.0
        return (self.reached - self.origin) / (self.target - self.origin)

    def note(self, instant: datetime) -> None:
        self.reached, self.steps = instant, self.steps + 1

    def go_to(self, target: datetime) -> None:
        """Returns when business time is at ``target`` and everything due by then is done."""
        with self.alone():
            self.depart(target)
            self.go(target)

    def set_out(self, target: datetime) -> None:
        """The same in the background; ``error`` tells what went wrong, if anything."""
        if not self.lock.acquire(blocking=False):
            raise OnTheWay
        try:
            self.depart(target)
        except Backwards:
            self.lock.release()
            raise
        threading.Thread(target=self.finish, args=(target,), daemon=True).start()

    def finish(self, target: datetime) -> None:
        try:
            self.go(target)
        finally:
            self.lock.release()

    @contextmanager
    def alone(self) -> Iterator[None]:
        if not self.lock.acquire(blocking=False):
            raise OnTheWay
        try:
            yield
        finally:
            self.lock.release()

    def depart(self, target: datetime) -> None:
        now = clock.now()
        if target <= now:
            raise Backwards("Time only moves forward.")
        self.origin, self.target, self.reached = now, target, now
        self.steps, self.error = 0, ""

    def go(self, target: datetime) -> None:
        try:
            self.machine.advance(target)
        except Exception as error:
            self.error = str(error) or repr(error)
            raise

    def settle(self, within: float) -> list[str]:
        """Waits until no job is due and no webhook waits; returns what is still outstanding."""
        with self.alone():
            return self.machine.wait_until_quiet(within)
