"""What is put back for a test is what was there, and only where nothing differs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make, remembering
from tests.databases import Kept
from tests.mail import Mailbox
from tests.remembering import Past, Steps
from tests.standin import StandIn
from webapp import clock, outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session


@dataclass
class Twice:
    """The same step taken by one test and then, in a world made empty, by another."""

    steps: Steps
    database: Kept
    hired: list[uuid.UUID] = field(default_factory=list)

    def hire(self) -> uuid.UUID:
        self.hired.append(make.person(Role.OWNER, name="Olu Owner").id)
        return self.hired[-1]

    def again(self, setting: Hashable = None) -> uuid.UUID:
        session.commit()
        self.database.put({})
        session.expire_all()
        same = self.steps.setting
        steps = Steps(self.steps.past, self.steps.parts, (lambda: setting) if setting else same)
        found: uuid.UUID = steps.begin().take("hire", self.hire)
        return found


@pytest.fixture
def twice(steps: Steps, kept_database: Kept) -> Twice:
    return Twice(Steps(Past(), steps.parts, steps.setting).begin(), kept_database)


def test_taken_once_and_put_back(twice: Twice) -> None:
    first = twice.steps.take("hire", twice.hire)
    assert twice.again() == first
    assert twice.hired == [first]
    assert session.get_one(Person, first).memberships[0].role == Role.OWNER


def test_taken_anew_after_anything_was_written_or_the_clock_was_moved(
    twice: Twice, set_clock: Callable[[datetime], None], clock_file: Path
) -> None:
    twice.steps.take("hire", twice.hire)
    written = Steps(twice.steps.past, twice.steps.parts, twice.steps.setting)
    session.commit()
    twice.database.put({})
    written.begin()
    make.company()
    written.take("hire", twice.hire)
    set_clock(clock.now() + timedelta(days=1))
    twice.again()
    assert len(twice.hired) == 3
    clock_file.write_text("0")
    twice.again()
    assert len(twice.hired) == 3


def test_taken_anew_under_other_settings_and_when_it_was_long_ago(twice: Twice) -> None:
    twice.steps.take("hire", twice.hire)
    twice.again(setting="another")
    assert len(twice.hired) == 2
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr(remembering, "LONGEST_KEPT", 0)
        twice.again()
    assert len(twice.hired) == 3


def test_taken_anew_where_a_part_of_the_app_is_replaced(
    twice: Twice, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice.steps.take("hire", twice.hire)
    monkeypatch.setattr(outbox, "enqueue", outbox.enqueue)
    twice.again()
    assert len(twice.hired) == 2


def test_stripe_the_mails_and_the_browser_are_as_they_were(
    app: Flask, steps: Steps, stripe: StandIn, mailbox: Mailbox, kept_database: Kept
) -> None:
    stripe.api("POST", "customers", name="Harbour Foods", email="ana@harbour.example.com")
    make.person(Role.OWNER)
    session.commit()
    known, rows = stripe.memory(), kept_database.rows()
    stripe.fresh()
    kept_database.put({})
    assert stripe.objects("customer") == [] and not session.scalars(select(Person)).all()
    stripe.put_back(known)
    kept_database.put(rows)
    assert stripe.memory() == known and kept_database.rows() == rows
    assert stripe.objects("customer")[0]["name"] == "Harbour Foods"
    answer = stripe.web.put(f"{stripe.base}/_sandbox/memory", json={"objects": []})
    assert answer.status_code == 400 and stripe.memory() == known
