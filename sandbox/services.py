"""The two servers every run needs, PostgreSQL and Valkey, unless addresses are given instead."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.postgres import Postgres
from sandbox.processes import Command
from sandbox.state import State
from sandbox.supervisor import Program, Supervisor
from sandbox.valkey import Valkey


class Server(Protocol):
    """What PostgreSQL and Valkey have in common here."""

    def prepare(self) -> None: ...

    @property
    def server(self) -> Command: ...

    def is_ready(self) -> bool: ...


@dataclass
class Services:
    """Those of one state folder; ``durable`` false trades safety for speed (tests)."""

    state: State
    secrets: Mapping[str, str]
    durable: bool = True

    def start(self, supervisor: Supervisor) -> dict[str, str]:
        """Brings up what is not given by the environment; returns the addresses of all."""
        postgres = None if os.environ.get("DATABASE_URL") else self.postgres()
        valkey = None if os.environ.get("REDIS_URL") else Valkey(self.state, self.secrets)
        supervisor.start(*self.prepared(postgres, valkey))
        if postgres:
            postgres.ensure_database()
        found = {**given(), **(postgres.settings if postgres else {})}
        return found | (valkey.settings if valkey else {})

    def postgres(self) -> Postgres:
        return Postgres(self.state, self.secrets, self.durable)

    def prepared(self, *servers: Server | None) -> list[Program]:
        programs = []
        for server in filter(None, servers):
            server.prepare()
            programs.append(Program(server.server, server.is_ready, patience=15))
        return programs


def given() -> dict[str, str]:
    """Addresses from outside. Without a role of its own for migrations the app's is used."""
    addresses = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    migrations = os.environ.get("MIGRATION_DATABASE_URL") or addresses["DATABASE_URL"]
    found = addresses | {"MIGRATION_DATABASE_URL": migrations}
    return {name: value for name, value in found.items() if value}
