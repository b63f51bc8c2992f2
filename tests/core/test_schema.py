"""The migrations make what the models say, and take along what was there."""

from __future__ import annotations

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import CheckConstraint, make_url

from tests import databases, make
from webapp import db
from webapp.db import Base


def test_every_rule_on_a_row_is_in_the_database(database_url: str) -> None:
    """Alembic compares no check constraints, so that a forgotten one would go unseen."""
    with psycopg.connect(databases._plain(database_url)) as connection:
        there = set(
            connection.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'"
            )
        )
    wanted = {
        (table.name, str(rule.name))
        for table in Base.metadata.tables.values()
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
    }
    assert wanted <= there


def test_holds_of_before_get_the_seat_of_their_consultant(
    application: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(toml_file=str(databases.ROOT / "pyproject.toml"))
    with databases.clone() as url, application.app_context():
        engine = db.connect(url)
        held = make.hold(make.offering(), make.consultant()).id
        db.session.commit()
        db.session.remove()
        engine.dispose()
        owner = databases._named(databases._owner_url(), make_url(url).database or "")
        with monkeypatch.context() as environment:
            environment.setenv("MIGRATION_DATABASE_URL", owner)
            environment.setenv("DATABASE_URL", url)
            command.downgrade(config, "0003")
            command.upgrade(config, "head")
        with psycopg.connect(databases._plain(url)) as connection:
            seats = "SELECT role, days FROM hold_seat WHERE hold_id = %s"
            assert connection.execute(seats, [held]).fetchall() == [("coo", 4)]
