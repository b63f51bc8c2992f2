"""The whole demo in a state folder of its own, as a newcomer starts it but for its past: journeys
live their own months, and others' would make each longer."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90
LEFT_OUT = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "CLOCK_OFFSET_FILE", "PORT")


@dataclass
class Stack:
    """url: the site; page: mail and time; people: role → (email, password), first of each role."""

    process: subprocess.Popen[str]
    state: Path
    url: str = ""
    page: str = ""
    people: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def running(cls, state: Path) -> Iterator[Stack]:
        env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "demo"],
            cwd=ROOT, env=env | {"RIGHTHAND_STATE": str(state), "DEMO_PAST": "off"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack = cls(process, state)
        try:
            stack._read_addresses()
            yield stack
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)

    def _read_addresses(self) -> None:
        """What `make demo` promises to print: two addresses, then a line a person."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_SECONDS
        while not (self.url and self.page and "client_sponsor" in self.people):
            line = self.process.stdout.readline()
            assert line and time.monotonic() < deadline, self._last_words()
            self._take(line.strip())

    def _take(self, line: str) -> None:
        if line.startswith("Righthand: "):
            self.url = line.removeprefix("Righthand: ")
        elif line.startswith("Mail and time: "):
            self.page = line.removeprefix("Mail and time: ")
        elif found := re.fullmatch(r"(\S+) (\S+@\S+) (\S+)", line):
            self.people.setdefault(found[1], (found[2], found[3]))

    def _last_words(self) -> str:
        self.process.kill()
        return self.process.communicate()[1][-4000:]

    # -- mail and time -----------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, timeout: float = 300) -> Any:
        """The sandbox page's JSON."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.page + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)

    def settle(self) -> None:
        """Until no job is due and no webhook waits."""
        self.call("POST", "/api/drain", {"within": 240})

    def advance(self, **how: Any) -> None:
        """days=, months= or to=: everything due on the way happens."""
        self.call("POST", "/api/advance", how)

    def await_time(self, within: float = 300) -> None:
        """Until time that a button set in motion has arrived."""
        deadline = time.monotonic() + within
        while (now := self.call("GET", "/api/time"))["running"]:
            assert time.monotonic() < deadline, now
            time.sleep(0.3)
        assert not now["error"], now

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        return list(self.call("GET", f"/api/mails?limit=2000&to={to}"))

    def mail(self, subject: str, to: str) -> dict[str, Any]:
        """The newest mail to a person whose subject contains the words, whole."""
        self.settle()
        found = [mail for mail in self.mails(to) if subject in mail["subject"]]
        subjects = [mail["subject"] for mail in self.mails(to)]
        assert found, f"no mail “{subject}” to {to}, only {subjects}"
        return dict(self.call("GET", f"/api/mails/{max(mail['id'] for mail in found)}"))

    # -- programs ----------------------------------------------------------------------------------

    def pid(self, program: str) -> int:
        """Of a program that the supervisor started: web, worker, beat, relay, valkey, …"""
        record = json.loads((self.state / "run" / f"{program}.json").read_text())
        return int(record["pid"])

    def kill(self, program: str) -> None:
        """kill -9; the supervisor starts it again."""
        os.kill(self.pid(program), signal.SIGKILL)

    def kill_and_await(self, program: str, within: float = 30) -> None:
        """kill -9, then wait until the supervisor has started another."""
        before, deadline = self.pid(program), time.monotonic() + within
        os.kill(before, signal.SIGKILL)
        while self.pid(program) == before or not self._answers():
            assert time.monotonic() < deadline, f"{program} did not come back"
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
        except OSError:
            return False
        return True

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows as the app's database has them, for comparing end states."""
        url = psutil.Process(self.pid("web")).environ()["DATABASE_URL"]
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]
