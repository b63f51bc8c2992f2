"""A thousand consultants: lists of one, of two and of anyone, in a constant number of queries."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from tests import make
from tests.counting import counting
from webapp.accounts.models import Person
from webapp.booking.models import CalendarRules, WeeklyWindow
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
CROWD = 1000
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "America/Los_Angeles")
PAGES = (
    "/consultants",
    "/book/coo-four",
    "/book/coo-four/anyone",
    "/book/both",
    "/book/both?with=two",
    "/book/both?with=two&coo=c0001",
    "/book/both/anyone",
    "/book/both/c0001+c0002",
)


@pytest.fixture
def crowd(app: object) -> None:
    """Every third holds both roles; the others one of them. Open on weekdays, in four zones."""
    make.offering(slug="coo-four")
    make.offering(slug="both", role="both", days_per_month=8)
    named = [
        {"name": f"Name {n}", "email": f"c{n}@example.com", "time_zone": ZONES[n % 4]}
        for n in range(CROWD)
    ]
    people = session.scalars(
        insert(Person).returning(Person.id, sort_by_parameter_order=True), named
    )
    rows = [
        {"person_id": who, "slug": f"c{n:04}", "headline": "Runs operations", "industries": [],
         "roles": [["coo", "integrator"], ["coo"], ["integrator"]][n % 3], "languages": [],
         "time_zone": ZONES[n % 4], "country": "GB", "days_per_month": 12, "meeting_place": "x"}
        for n, who in enumerate(people.all())
    ]  # fmt: skip
    ids = session.scalars(insert(Consultant).returning(Consultant.id), rows).all()
    session.execute(insert(CalendarRules), [{"consultant_id": who} for who in ids])
    hours = [
        {"consultant_id": who, "weekday": day, "starts": "09:00", "ends": "17:00"}
        for who in ids
        for day in range(1, 6)
    ]
    session.execute(insert(WeeklyWindow), hours)
    session.commit()


def test_b29_with_a_thousand_consultants_every_list_is_a_few_queries(
    crowd: None, client: FlaskClient
) -> None:
    for url in PAGES:
        client.get(url)
        with counting() as queries:
            answer = client.get(url)
        assert answer.status_code == 200 and len(queries) <= 16, (url, len(queries))
