"""Databases for tests, cloned from a template that was migrated once.

A clone costs as much as a usual test, so that a process keeps one and empties it before each test.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import make_url

import webapp.models  # noqa: F401 - every table registers itself
from webapp.db import Base

ROOT = Path(__file__).parent.parent
LOCK = 7_316_402
# What is deleted stays in the way of who reads, until somebody clears up.
VACUUM_EVERY = 100
# As the migrations have it.
APPEND_ONLY = ("audit_event", "stage_change", "agreement", "terms_change")
counter = itertools.count(1)
# By table, in the order in which they can be put back, what COPY writes and reads.
Rows = dict[str, bytes]


def _owner_url() -> str:
    return os.environ.get("MIGRATION_DATABASE_URL") or os.environ["DATABASE_URL"]


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def _admin() -> psycopg.Connection:
    return psycopg.connect(_plain(_owner_url()), autocommit=True)


def _template_name() -> str:
    files = sorted((ROOT / "migrations").rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return f"template_{digest.hexdigest()[:12]}"


@cache
def template() -> str:
    """The name of the migrated template, made by whichever process comes first."""
    name = _template_name()
    with _admin() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            _create(admin, name + "_new")
            _migrate(name + "_new")
            admin.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(name + "_new"), sql.Identifier(name)
                )
            )
        admin.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return name


def _create(admin: psycopg.Connection, name: str, template: str = "template1") -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    admin.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def _migrate(name: str) -> None:
    urls = {"MIGRATION_DATABASE_URL": _owner_url(), "DATABASE_URL": os.environ["DATABASE_URL"]}
    os.environ.update({key: _named(url, name) for key, url in urls.items()})
    try:
        command.upgrade(Config(toml_file=str(ROOT / "pyproject.toml")), "head")
    finally:
        os.environ.update(urls)


@contextmanager
def kept() -> Iterator[Kept]:
    """One database for many tests, one after another; its rows can be kept and put back."""
    with clone() as url:
        database = Kept(url)
        try:
            yield database
        finally:
            database.close()


class Kept:
    """A clone that is as empty as its template whenever `emptied` answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = make_url(url).database or ""
        self._connected: psycopg.Connection | None = None
        self._puts = itertools.count(1)

    @property
    def _owner(self) -> psycopg.Connection:
        """Kept open: connecting takes longer than emptying."""
        if self._connected is None or self._connected.closed:
            self._connected = psycopg.connect(_plain(_named(_owner_url(), self.name)))
            self._connected.autocommit = True
            self._connected.execute(
                "SET lock_timeout = '2s'; SET client_min_messages = error;"
                " SET max_parallel_workers_per_gather = 0"
            )
        return self._connected

    def close(self) -> None:
        if self._connected:
            self._connected.close()

    def emptied(self) -> str:
        """Its address, with nothing in it."""
        self.put({})
        return self.url

    def put(self, rows: Rows) -> None:
        """Have these rows and no others."""
        if next(self._puts) % VACUUM_EVERY == 0:
            self._owner.execute("VACUUM")
        try:
            self._put(rows)
        except (psycopg.errors.LockNotAvailable, psycopg.OperationalError):
            # A test that failed left a transaction open somewhere, or ended our connection.
            _end_connections(self.name)
            self._put(rows)

    def _put(self, rows: Rows) -> None:
        with self._owner.transaction(), self._owner.cursor() as cursor:
            cursor.execute(_emptying())
            for table, text in rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(_id(table))) as copy:
                    copy.write(text)

    def rows(self) -> Rows:
        """All there are, as `put` takes them."""
        filled = {table for table, count, _ in self.mark() if count}
        ordered = [table.name for table in Base.metadata.sorted_tables if table.name in filled]
        with self._owner.transaction(), self._owner.cursor() as cursor:
            return {table: _copied(cursor, table) for table in ordered}

    def mark(self) -> list[tuple[str, int, int]]:
        """By table how many rows, and the newest transaction: equal while nothing was written."""
        return sorted(self._owner.execute(_counting(), prepare=True).fetchall())


def _id(table: str) -> sql.Identifier:
    return sql.Identifier(table)


def _copied(cursor: psycopg.Cursor, table: str) -> bytes:
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(_id(table))) as copy:
        return b"".join(copy)


@cache
def _counting() -> str:
    return " UNION ALL ".join(
        f"SELECT '{table.name}', count(*), coalesce(max(xmin::text::bigint), 0)"
        f' FROM "{table.name}"'
        for table in Base.metadata.sorted_tables
    )


@cache
def _emptying() -> str:
    """What has happened may not be deleted row by row, hence the TRUNCATE; the rest from the
    leaves up, since deleting from empty tables costs next to nothing and truncating them much."""
    tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
    kept = "', '".join(sorted({*APPEND_ONLY} & {*tables}))
    deletes = "; ".join(f'DELETE FROM "{name}"' for name in tables if name not in APPEND_ONLY)
    return f"""
        DO $$ DECLARE history text; found boolean; BEGIN
        FOREACH history IN ARRAY ARRAY['{kept}'] LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', history) INTO found;
            IF found THEN EXECUTE format('TRUNCATE %I CASCADE', history); END IF;
        END LOOP; {deletes}; END $$
    """


@contextmanager
def clone() -> Iterator[str]:
    """The app role's address of a fresh database."""
    name = f"test_{os.getpid()}_{next(counter)}"
    source = template()
    with _admin() as admin:
        _create(admin, name, source)
        try:
            yield _named(os.environ["DATABASE_URL"], name)
        finally:
            _drop(admin, name)


def _drop(admin: psycopg.Connection, name: str) -> None:
    """Connections are ended first; autovacuum may be in there for a moment, hence the tries."""
    drop = sql.SQL("DROP DATABASE {}").format(sql.Identifier(name))
    for wait in (0.05, 0.2, 0.5, 1, 2, 4):
        _end_connections(name)
        try:
            admin.execute(drop)
            return
        except psycopg.errors.ObjectInUse:
            time.sleep(wait)
    admin.execute(drop)


def _end_connections(name: str) -> None:
    """As the app's role: the schema's owner may not end another role's connections."""
    everyone = "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(_plain(os.environ["DATABASE_URL"]), autocommit=True) as app_role:
        app_role.execute(everyone + " AND usename = current_user", [name])
