"""A Tuesday morning in December on which everything in these tests happens; whom it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import Hold
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

TODAY = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def today(set_clock: Callable[[datetime], None]) -> datetime:
    set_clock(TODAY)
    return TODAY


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(slug="ada", person=make.person(Role.CONSULTANT, name="Ada Stone"))


@pytest.fixture
def dana(app: object) -> Consultant:
    """Whose calendar is kept elsewhere."""
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], dana: Consultant) -> FlaskClient:
    return sign_in(dana.person)


@pytest.fixture
def offering(app: object) -> Offering:
    return make.offering(slug="coo-four", name="COO, four days")


@pytest.fixture
def picker(client: FlaskClient, offering: Offering, consultant: Consultant) -> str:
    """The address of the page to choose a kick-off with Ada Stone."""
    session.commit()
    return "/book/coo-four/ada?zone=America/New_York"


@pytest.fixture
def full(app: object, today: datetime) -> Hold:
    """A consultant whose four days a month are all held, until tomorrow."""
    consultant = make.consultant(days_per_month=4, slug="ada", person=make.person(name="Ada Stone"))
    offering = make.offering(slug="coo-four")
    held = Hold.take(offering, consultant, at(3, 10), "America/New_York", minutes=24 * 60)
    session.commit()
    return held
