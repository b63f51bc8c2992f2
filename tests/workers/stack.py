"""A real Valkey, a real Celery worker and real relays, as processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from sqlalchemy import func, select

from sandbox.processes import Command, kill_group
from sandbox.state import State
from sandbox.valkey import Valkey
from webapp import outbox
from webapp.audit import AuditEvent
from webapp.db import session, transaction
from webapp.outbox import Job

ROOT = Path(__file__).parent.parent.parent
CELERY = (sys.executable, "-m", "celery", "--app", "tests.workers.chaos")
WORKER = (*CELERY, "worker", "--queues", "work,mail", "--concurrency", "2",
          "--without-gossip", "--without-mingle")  # fmt: skip
RELAY = (sys.executable, "-m", "tests.workers.chaos")


@dataclass
class Running:
    """A program in a process group of its own; its output is kept for when a test fails."""

    command: Command
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = self.command.popen(output)

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL for it and its children."""
        if self.process:
            kill_group(self.process.pid)
            self.process.wait()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, patience: float = 60) -> int:
        """As a deploy does; its exit code.

        Celery leaves unread what a child says of a message that was just being handed to it, and
        the child (billiard's GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT) waits 30 s for its reader.
        """
        assert self.process
        self.process.terminate()
        try:
            return self.process.wait(patience)
        finally:
            self.kill()


@dataclass
class Stack:
    folder: Path
    environment: Mapping[str, str]
    valkey: Valkey
    programs: dict[str, Running] = field(default_factory=dict)

    def start(self, name: str, words: tuple[str, ...] = ()) -> Running:
        """Start a program, or start it again."""
        if name not in self.programs:
            command = Command(name, words, self.environment, ROOT)
            self.programs[name] = Running(command, self.folder / f"{name}.log")
        self.programs[name].start()
        return self.programs[name]

    def start_valkey(self) -> None:
        if "valkey" not in self.programs:
            self.valkey.prepare()
            self.programs["valkey"] = Running(self.valkey.server, self.folder / "valkey.log")
        self.programs["valkey"].start()
        until(self.valkey.is_ready, 10)

    def mend(self) -> None:
        """Start again what a test that failed has left dead."""
        if not self.programs["valkey"].alive:
            self.start_valkey()
        if not self.programs["relay"].alive:
            self.start("relay")
        if not self.programs["worker"].alive:
            self.start_worker()

    def start_worker(self) -> None:
        self.start("worker", WORKER)
        until(self.worker_waits, 30)

    def worker_waits(self) -> bool:
        return any("brpop" in client["cmd"] for client in self.broker.client_list())

    @property
    def broker(self) -> redis.Redis:
        address = self.valkey.settings["REDIS_URL"]
        return redis.Redis.from_url(address, socket_timeout=5)

    def last_words(self) -> str:
        logs = (running.log for running in self.programs.values())
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in logs)

    def close(self) -> None:
        for running in self.programs.values():
            running.kill()


@contextmanager
def stack_on(folder: Path, database_url: str) -> Iterator[Stack]:
    """Valkey, one worker with two children, one relay; all gone afterwards."""
    valkey = Valkey(State.at(folder / "state"), {"VALKEY_PASSWORD": "tests-only"})
    environment = {**os.environ, **valkey.settings, "DATABASE_URL": database_url}
    stack = Stack(folder, environment, valkey)
    try:
        stack.start_valkey()
        stack.start("relay", RELAY)
        stack.start_worker()
        yield stack
    finally:
        stack.close()


# -- what tests ask for ----------------------------------------------------------------------------


def enqueue(prefix: str, count: int, seconds: float = 0.0) -> list[str]:
    """So many jobs, committed at once; their names."""
    names = [f"{prefix}-{number}" for number in range(count)]
    with transaction():
        rows = [("tests.effect", [name, seconds], f"tests:{name}", None) for name in names]
        outbox.enqueue_all(rows)
    return names


def effects(prefix: str) -> Counter[str]:
    """How often each of them happened."""
    session.rollback()
    rows = select(AuditEvent.subject).where(AuditEvent.subject.startswith(f"{prefix}-"))
    return Counter(session.scalars(rows))


def undone() -> int:
    session.rollback()
    rows = select(func.count()).select_from(Job).where(Job.state != "done")
    return session.scalar(rows) or 0


def each_once(names: list[str], within: float = 60) -> None:
    """All of them are done in that time, each with one effect."""
    prefix = names[0].rpartition("-")[0]
    until(lambda: undone() == 0, within)
    assert effects(prefix) == Counter(names)


def until(true: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
