"""Alembic: runs as the role that owns the schema, then grants the app's own role what it needs."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import create_engine, make_url, pool, text

import webapp.models  # noqa: F401 - every table registers itself
from webapp.config import sqlalchemy_url
from webapp.db import Base

OWNER_URL = sqlalchemy_url(os.environ.get("MIGRATION_DATABASE_URL") or os.environ["DATABASE_URL"])
APP_ROLE = make_url(sqlalchemy_url(os.environ["DATABASE_URL"])).username

APPEND_ONLY = ("audit_event", "stage_change", "agreement", "terms_change")


def grant(connection) -> None:  # type: ignore[no-untyped-def]
    """The app's role reads and writes rows; it owns nothing and rewrites no history."""
    role = f'"{APP_ROLE}"'
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    connection.execute(
        text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    )
    for table in filter(lambda name: exists(connection, name), APPEND_ONLY):
        connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"))


def exists(connection, table: str) -> bool:  # type: ignore[no-untyped-def]
    """Whether the revision migrated to has that table."""
    return connection.scalar(text(f"SELECT to_regclass('{table}')")) is not None


def run() -> None:
    engine = create_engine(OWNER_URL, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
            if engine.url.username != APP_ROLE and exists(connection, "audit_event"):
                grant(connection)


run()
