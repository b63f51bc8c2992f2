"""PostgreSQL as the sandbox runs it: back after every kind of violence; its two roles."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox import credentials
from sandbox.postgres import Postgres
from sandbox.processes import Child
from sandbox.state import State
from sandbox.supervisor import Program, Supervisor
from tests.sandbox.supervised import eventually, state_folder

# In one process of a parallel run: two would each make a cluster.
pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with state_folder() as path:
        yield path


@pytest.fixture
def postgres(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    monkeypatch.setenv("RIGHTHAND_STATE", str(folder))
    state = State.at(folder)
    return Postgres(state, credentials.load_or_make(state.root), durable=False)


@pytest.fixture
def running(postgres: Postgres) -> Iterator[Postgres]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with Supervisor(postgres.state) as supervisor:
        postgres.prepare()
        supervisor.start(Program(postgres.server, postgres.is_ready))
        postgres.ensure_database()
        yield postgres
    for number, handler in kept.items():
        signal.signal(number, handler)


def as_app(postgres: Postgres) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(postgres.settings["DATABASE_URL"].replace("+psycopg", ""))


def as_owner(postgres: Postgres) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(postgres.settings["MIGRATION_DATABASE_URL"].replace("+psycopg", ""))


def test_an_initdb_that_was_cut_short_is_done_again(postgres: Postgres) -> None:
    postgres.home.prepare()
    draft = postgres.home.path / "data.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("half")
    postgres.prepare()
    assert (postgres.data / "PG_VERSION").read_text() == "18\n"
    assert not draft.exists()


def test_the_app_has_no_power_over_the_schema(running: Postgres) -> None:
    with as_owner(running) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS thing (id int)")
    with as_app(running) as connection:
        connection.execute("INSERT INTO thing VALUES (1)")
        for forbidden in ("DROP TABLE thing", "CREATE TABLE other (id int)", "TRUNCATE thing"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(forbidden)
        rights = "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = user"
        assert connection.execute(rights).fetchone() == (False, False, False)


def test_extensions_are_there_in_new_databases_too(running: Postgres) -> None:
    with as_owner(running) as connection:
        connection.autocommit = True
        connection.execute("CREATE DATABASE copy")
    with running.connect("copy") as connection:
        names = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    assert {"btree_gist", "citext", "pg_trgm"} <= names
    with running.connect() as connection:
        connection.execute("DROP DATABASE copy")


def test_only_a_password_opens_it(running: Postgres) -> None:
    address = running.settings["DATABASE_URL"].replace("+psycopg", "")
    secret = running.secrets["APP_PASSWORD"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address.replace(secret, "guess"))


def start(postgres: Postgres) -> Child:
    postgres.prepare()
    child = Child.start(postgres.server, postgres.state.log("postgres"), postgres.state.root)
    assert eventually(postgres.is_ready), postgres.state.log("postgres").read_text()
    return child


def test_nothing_is_lost_when_it_is_killed_and_started_again(postgres: Postgres) -> None:
    durable = Postgres(postgres.state, postgres.secrets)
    child = start(durable)
    with durable.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    child.process.kill()
    child.process.wait()
    assert (durable.data / "postmaster.pid").exists()

    again = Postgres(postgres.state, postgres.secrets)
    child = start(again)
    with again.connect() as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        connection.execute("DROP TABLE kept")
    child.ask_to_stop()
    child.finish(10)


def test_an_orphaned_server_is_ended_before_the_next_start(postgres: Postgres) -> None:
    orphan = start(postgres)
    Postgres(postgres.state, postgres.secrets).prepare()
    assert orphan.process.wait(10) == 0
    assert not (postgres.data / "postmaster.pid").exists()


def test_a_pid_file_that_names_a_stranger_is_removed_and_the_stranger_spared(
    postgres: Postgres,
) -> None:
    postgres.prepare()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")
    postgres.prepare()
    assert not (postgres.data / "postmaster.pid").exists()
