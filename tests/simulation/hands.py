"""Worker processes of their own, which are killed at any moment and started again."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.state import State
from sandbox.timemachine.jobs import Jobs
from sandbox.valkey import Valkey
from tests.workers.stack import Stack, until
from webapp import clock

RELAY = (sys.executable, "-m", "tests.simulation.crew")
WORKER = (
    sys.executable, "-m", "celery", "--app", "tests.simulation.crew", "worker",
    "--queues", "work,mail", "--concurrency", "2", "--without-gossip", "--without-mingle",
    "--loglevel", "ERROR",
)  # fmt: skip
# One time in ten somebody is killed at work: mostly a child of the worker, now and then all of it.
KILLED = 0.1
WHOM = ("child",) * 8 + ("worker", "relay")
PATIENCE = 180.0


@dataclass
class Hands:
    """Does what is due, by others."""

    stack: Stack
    jobs: Jobs
    dice: random.Random
    killed: int = 0

    def __call__(self) -> None:
        self.jobs.wake_relay()
        if self.dice.random() < KILLED and self.jobs.under_way(clock.now()):
            time.sleep(self.dice.uniform(0.0, 0.1))
            self.kill(self.dice.choice(WHOM))
        self.wait()

    def kill(self, whom: str) -> None:
        """SIGKILL; Celery makes another child by itself, the others are started again."""
        self.killed += 1
        if whom == "child":
            self.kill_a_child()
            return
        self.stack.programs[whom].kill()
        self.supervise()

    def kill_a_child(self) -> None:
        worker = self.stack.programs["worker"].process
        assert worker
        children = psutil.Process(worker.pid).children()
        if children:
            with suppress(ProcessLookupError):
                os.kill(self.dice.choice(children).pid, signal.SIGKILL)

    def supervise(self) -> None:
        """Start again what has ended."""
        for name, start in (("worker", _start_worker), ("relay", _start_relay)):
            process = self.stack.programs[name].process
            if process and process.poll() is not None:
                start(self.stack)

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while left := self.jobs.under_way(clock.now()):
            assert time.monotonic() < deadline, f"{left}\n{self.stack.last_words()}"
            self.supervise()
            time.sleep(0.02)


def _start_worker(stack: Stack) -> None:
    stack.start("worker", WORKER)
    until(stack.worker_waits, 60)


def _start_relay(stack: Stack) -> None:
    stack.start("relay", RELAY)


@contextmanager
def hands(database_url: str, settings: Mapping[str, str], dice: random.Random) -> Iterator[Hands]:
    """Valkey, a worker with two children, a relay."""
    with tempfile.TemporaryDirectory(prefix="year-") as folder:
        valkey = Valkey(State.at(Path(folder) / "state"), {"VALKEY_PASSWORD": "tests-only"})
        here = {**os.environ, **valkey.settings, **settings, "DATABASE_URL": database_url}
        stack = Stack(Path(folder), here, valkey)
        try:
            stack.start_valkey()
            _start_relay(stack)
            _start_worker(stack)
            yield Hands(stack, Jobs(database_url), dice)
        finally:
            stack.close()
