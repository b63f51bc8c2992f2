"""``make demo``: everything, under one supervisor, until Ctrl-C."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox import credentials
from sandbox.programs import Ports, Programs, url
from sandbox.schema import Schema
from sandbox.services import Services
from sandbox.settings import exported
from sandbox.state import State
from sandbox.supervisor import Supervisor, say

SIGN_IN = re.compile(r"^\S+ \S+@\S+ \S+$", re.MULTILINE)


def demo(_: list[str]) -> int:
    """Runs until stopped."""
    state = State.chosen()
    with state.claim() as claim, Supervisor(state) as supervisor:
        ports = Ports.choose(os.environ.get("PORT", ""))
        claim.announce(url(ports.web))
        people = Demo(state, supervisor, ports).start()
        print(f"Righthand: {url(ports.web)}")
        print(f"Mail and time: {url(ports.page)}")
        print("\n".join(people), flush=True)
        supervisor.keep_running()
    return 0


@dataclass
class Demo:
    """The start, in its order: servers, stand-ins, schema, the app; demo data beside the app."""

    state: State
    supervisor: Supervisor
    ports: Ports

    def start(self) -> list[str]:
        """Returns when all answers; a line "<role> <email> <password>" per demo person."""
        programs = Programs(self.state, self.ports, self.environment())
        with stage("Stand-ins, schema"):
            helpers = self.supervisor.launch(programs.mail(), programs.page(), programs.stripe())
            self.migrate(programs)
            self.supervisor.await_all(helpers)
        app = (programs.web(), programs.worker(), programs.beat(), programs.relay())
        started = self.supervisor.launch(*app)
        people = self.load_demo_data(programs)
        with stage("Web, worker, beat, relay"):
            self.supervisor.await_all(started)
        return people

    def environment(self) -> dict[str, str]:
        secrets = credentials.load_or_make(self.state.root)
        with stage("PostgreSQL and Valkey"):
            addresses = Services(self.state, secrets).start(self.supervisor)
        return exported(self.state, secrets, addresses) | self.ports.settings

    def migrate(self, programs: Programs) -> None:
        url = programs.environment["DATABASE_URL"]
        schema = Schema(url, self.state.root / "schema.json")
        if not schema.is_current():
            self.supervisor.run(programs.migrations())
            schema.remember()

    def load_demo_data(self, programs: Programs) -> list[str]:
        with stage("Demo data"):
            return SIGN_IN.findall(self.supervisor.run(programs.demo_data()))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Says what is being done and how long it took."""
    began = time.monotonic()
    say(f"{name} …")
    yield
    say(f"{name}: {time.monotonic() - began:.1f} s")
