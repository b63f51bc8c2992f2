"""The programs of the demo: their commands and how to tell that each is there."""

import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sandbox.bootstrap import ROOT
from sandbox.health import has_files, page_answers, uses_database, worker_waits
from sandbox.ports import LOOPBACK, answers, free_port, listen, listen_near
from sandbox.processes import Command
from sandbox.state import State
from sandbox.supervisor import Program

PYTHON = sys.executable
GUNICORN = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--no-control-socket")
WEB = (*GUNICORN, "--workers=2", "--preload", "--graceful-timeout=3", "webapp.app:create_app()")
PAGE = (*GUNICORN, "--workers=1", "--graceful-timeout=1", "sandbox.page.app:create_page()")
OWN_CALENDARS = "PRIVATE_CALENDAR_HOSTS"
CELERY = ("-m", "celery", "--app", "workers.app")


class PortTaken(Exception):
    """The port asked for cannot be had."""


@dataclass(frozen=True)
class Ports:
    """Where the demo's servers listen. The sockets of ``web`` and ``page`` are opened here and
    handed over: nobody else can come to their addresses, and while one of them is being started
    again its visitors wait instead of being turned away."""

    web: socket.socket
    page: socket.socket
    stripe: int = field(default_factory=free_port)
    mail: int = field(default_factory=free_port)

    @classmethod
    def choose(cls, wanted: str) -> "Ports":
        """``wanted`` is PORT, or "" for a free one near 8000."""
        try:
            web = listen(int(wanted)) if wanted else listen_near(8000)
        except (ValueError, OverflowError, OSError) as error:
            raise PortTaken(f"PORT={wanted} cannot be used: {error}") from None
        return cls(web, listen_near(web.getsockname()[1] + 1))

    @property
    def settings(self) -> dict[str, str]:
        return {
            "BASE_URL": url(self.web),
            "STRIPE_API_BASE": url(self.stripe),
            "SMTP_URL": f"smtp://{LOOPBACK}:{self.mail}",
            # The page serves a calendar too, which stands for one that a consultant has elsewhere.
            OWN_CALENDARS: ",".join(
                filter(None, [urlsplit(url(self.page)).netloc, os.environ.get(OWN_CALENDARS)])
            ),
            "DEMO_CALENDAR": f"{url(self.page)}/calendars/own.ics",
        }


@dataclass(frozen=True)
class Programs:
    """Each is a method; ``environment`` is what all of them are started with."""

    state: State
    ports: Ports
    environment: Mapping[str, str]

    def python(self, name: str, *words: str) -> Command:
        """``name`` is also what PostgreSQL lists its sessions under."""
        environment = {**self.environment, "PGAPPNAME": name}
        return Command(name, (PYTHON, *words), environment, ROOT)

    def gunicorn(self, name: str, words: Sequence[str], door: socket.socket) -> Command:
        """A web server on a socket that is open already."""
        command = self.python(name, *words, "--bind", f"fd://{door.fileno()}")
        return replace(command, keep_open=(door.fileno(),))

    def migrations(self) -> Command:
        return self.python("migrations", "-m", "alembic", "upgrade", "head")

    def demo_data(self) -> Command:
        return self.python("demo-data", "-m", "sandbox.demo")

    def stripe(self) -> Program:
        port, secrets = self.ports.stripe, self.environment
        words = ["-m", "sandbox.stripe", "--port", str(port), "--state"]
        words += [str(self.state.folder("stripe")), "--webhook-url"]
        words += [f"{url(self.ports.web)}/stripe/webhook"]
        words += ["--webhook-secret", secrets["STRIPE_WEBHOOK_SECRET"]]
        words += ["--api-key", secrets["STRIPE_API_KEY"]]
        return Program(self.python("stripe", *words), lambda: answers(port))

    def mail(self) -> Program:
        port, folder = self.ports.mail, str(self.state.folder("mail"))
        command = self.python("mail", "-m", "sandbox.mail", "--port", str(port), "--state", folder)
        return Program(command, lambda: answers(port), patience=3)

    def page(self) -> Program:
        command = self.gunicorn("page", PAGE, self.ports.page)
        return Program(command, lambda: page_answers(f"{url(self.ports.page)}/healthz"))

    def web(self) -> Program:
        command = self.gunicorn("web", WEB, self.ports.web)
        return Program(command, lambda: page_answers(f"{url(self.ports.web)}/readyz"))

    def worker(self) -> Program:
        words = ("worker", "--queues", "work,mail", "--concurrency", "2", "--loglevel", "INFO")
        command = self.python("worker", *CELERY, *words, "--without-gossip", "--without-mingle")
        return Program(command, lambda: worker_waits(self.environment["REDIS_URL"]))

    def beat(self) -> Program:
        """Its notes of what ran when are thrown away: kill -9 can leave them unreadable, and
        planners may run at any time."""
        shutil.rmtree(self.state.folder("beat"))
        folder = self.state.folder("beat")
        words = ("beat", "--schedule", str(folder / "schedule"), "--pidfile=", "--loglevel", "INFO")
        return Program(self.python("beat", *CELERY, *words), lambda: has_files(folder))

    def relay(self) -> Program:
        command = self.python("relay", "-m", "workers.relay")
        return Program(command, lambda: uses_database("relay", self.environment["DATABASE_URL"]))


def url(port: int | socket.socket) -> str:
    """The address of a port, or of a listening socket."""
    number = port if isinstance(port, int) else port.getsockname()[1]
    return f"http://{LOOPBACK}:{number}"
