"""The migrations make what the models say, and take along what was there."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import CheckConstraint, delete, make_url

from tests import databases, make
from webapp import clock, db
from webapp.booking import queries
from webapp.booking.models import Hold, HoldSeat
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


Seats = Callable[[uuid.UUID, str], list[tuple[object, ...]]]


@pytest.fixture
def seats_after(application: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seats]:
    """In a database of its own: who sits where in a hold, after it went down to a revision and
    back up to the newest."""
    config = Config(toml_file=str(databases.ROOT / "pyproject.toml"))
    with databases.clone() as url, application.app_context():
        engine = db.connect(url)
        owner = databases._named(databases._owner_url(), make_url(url).database or "")

        def seats(hold_id: uuid.UUID, revision: str) -> list[tuple[object, ...]]:
            db.session.commit()
            db.session.remove()
            engine.dispose()
            with monkeypatch.context() as environment:
                environment.setenv("MIGRATION_DATABASE_URL", owner)
                environment.setenv("DATABASE_URL", url)
                command.downgrade(config, revision)
                command.upgrade(config, "head")
            rows = "SELECT consultant_id, role, days FROM hold_seat WHERE hold_id = %s"
            with psycopg.connect(databases._plain(url)) as connection:
                return connection.execute(f"{rows} ORDER BY role", [hold_id]).fetchall()

        yield seats


def pair_held(days: int = 5) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A hold of an offering of both roles, and who it is of: the lead first."""
    pair = [make.consultant(), make.consultant(roles=["integrator"])]
    both = make.offering(role="both", days_per_month=days)
    start = next(at for at in queries.kickoffs(both, pair) if at > clock.now() + timedelta(days=9))
    return Hold.take(both, pair, start, "UTC").id, [who.id for who in pair]


@pytest.mark.parametrize("revision", ["0003", "0002"])
def test_holds_of_before_get_the_seat_of_their_consultant(
    seats_after: Seats, revision: str
) -> None:
    lead = make.consultant()
    held = make.hold(make.offering(), lead).id
    lead_id = lead.id
    db.session.execute(delete(HoldSeat))
    assert seats_after(held, revision) == [(lead_id, "coo", 4)]


@pytest.mark.parametrize("revision", ["0003", "0002"])
def test_a_pair_keeps_its_two_seats_whatever_schema_it_went_through(
    seats_after: Seats, revision: str
) -> None:
    """0003 keeps the rows; 0002 has none, so that they are told from claims and days."""
    hold_id, (lead, other) = pair_held()
    expected = [(lead, "coo", 3), (other, "integrator", 2)]
    assert seats_after(hold_id, revision) == expected


def test_a_pair_that_takes_no_days_is_known_by_its_claims(
    seats_after: Seats,
) -> None:
    hold_id, (lead, other) = pair_held(days=0)
    expected = [(lead, "coo", 0), (other, "integrator", 0)]
    assert seats_after(hold_id, "0002") == expected


def test_days_are_those_that_were_taken_when_it_was_sold(
    seats_after: Seats,
) -> None:
    """The offering may say something else by now: what was taken of each month counts."""
    hold_id, (lead, other) = pair_held()
    db.session.get_one(Hold, hold_id).offering.days_per_month = 9
    expected = [(lead, "coo", 3), (other, "integrator", 2)]
    assert seats_after(hold_id, "0002") == expected
