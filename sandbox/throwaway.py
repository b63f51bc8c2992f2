"""A run that leaves nothing behind: fresh servers in a state folder that is removed afterwards."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import credentials
from sandbox.postgres_home import Home
from sandbox.processes import end_orphans
from sandbox.services import Services
from sandbox.settings import exported
from sandbox.state import State
from sandbox.supervisor import Supervisor


@dataclass(frozen=True)
class Throwaway:
    """The servers are up; ``environment`` is what a program needs to use them."""

    supervisor: Supervisor
    environment: dict[str, str]


@contextlib.contextmanager
def throwaway() -> Iterator[Throwaway]:
    """Each has its own ports, so that several can run side by side."""
    clear_abandoned()
    state = State.chosen().throwaway()
    secrets = credentials.load_or_make(state.root)
    try:
        with state.claim(), Supervisor(state) as supervisor:
            addresses = Services(state, secrets, durable=False).start(supervisor)
            yield Throwaway(supervisor, exported(state, secrets, addresses))
    finally:
        remove(state)


def clear_abandoned() -> None:
    for state in State.chosen().abandoned():
        end_orphans(state.folder("run"), state.root)
        remove(state)


def remove(state: State) -> None:
    Home.of(state).remove()
    state.remove()
