"""A real CalDAV server, Radicale, as a process of its own: its people, calendars and storage."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import httpx

MKCALENDAR = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>{name}</D:displayname></D:prop></D:set></C:mkcalendar>"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Radicale:
    """One server; `user` with `password` is who has an account just now."""

    folder: Path
    port: int = field(default_factory=free_port)
    user: str = ""
    password: str = ""
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Radicale]:
        with TemporaryDirectory(prefix="righthand-radicale-") as folder:
            server = cls(Path(folder))
            server.welcome("dana")
            server.start()
            try:
                yield server
            finally:
                server.stop()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def welcome(self, user: str, password: str = "correct horse battery") -> None:
        """Somebody else's account, with nothing in it, is `user` from here on; older ones stay."""
        self.user, self.password = user, password
        with (self.folder / "users").open("a") as users:
            users.write(f"{user}:{password}\n")

    def start(self) -> None:
        command = [
            sys.executable, "-m", "radicale", "--config", "", "--hosts", self.host,
            "--auth-type", "htpasswd", "--auth-htpasswd-filename", str(self.folder / "users"),
            "--auth-htpasswd-encryption", "plain", "--auth-delay", "0",
            "--storage-filesystem-folder", str(self.folder / "storage"),
            "--logging-level", "warning",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                httpx.get(self.url, timeout=1, trust_env=False)
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    # -- what its owner does with a program of their own -------------------------------------------

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> httpx.Response:
        return httpx.request(
            method, self.url + path, content=body.encode(), headers=headers, timeout=10,
            auth=(self.user, self.password), trust_env=False,
        )  # fmt: skip

    def make_calendar(self, name: str) -> str:
        """A new calendar of that name; its path."""
        path = f"/{self.user}/{name.lower()}/"
        self.ask("MKCALENDAR", path, MKCALENDAR.format(name=escape(name))).raise_for_status()
        return path

    def put(self, path: str, event: str) -> None:
        """Store an event: the lines of a VEVENT, or whole components."""
        if "BEGIN:" not in event:
            event = f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT"
        file = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//tests//EN\n{event}\nEND:VCALENDAR\n"
        written = self.ask("PUT", path, file, **{"Content-Type": "text/calendar; charset=utf-8"})
        written.raise_for_status()

    def delete(self, path: str) -> None:
        self.ask("DELETE", path).raise_for_status()

    def files(self, calendar: str) -> dict[str, str]:
        """Every event of a calendar as its server stores it: path → file."""
        where = self.folder / "storage" / "collection-root" / calendar.strip("/")
        return {calendar + file.name: file.read_text() for file in sorted(where.glob("*.ics"))}
