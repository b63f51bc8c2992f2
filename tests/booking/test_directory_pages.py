"""The public list of consultants, and what its pages say of zones, places and holidays."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at
from tests.counting import counting
from webapp.booking.models import DateOverride, Hold
from webapp.booking.queries import kickoffs
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"


def test_consultants_are_filtered_by_role(client: FlaskClient) -> None:
    coo, both = make.consultant(roles=["coo"]), make.consultant(roles=["coo", "integrator"])
    session.commit()
    page = client.get("/consultants?role=integrator").text
    assert f"/{both.slug}" in page and f"/{coo.slug}" not in page
    assert f"/{coo.slug}" in client.get("/consultants?role=nonsense").text


def test_consultants_come_in_pages(client: FlaskClient) -> None:
    for number in range(13):
        make.consultant(slug=f"c{number:02}", person=make.person(name=f"Name {number:02}"))
    session.commit()
    assert "Page 1 of 2" in client.get("/consultants").text
    second = client.get("/consultants?page=2").text
    assert "/consultants/c12" in second and "/consultants/c00" not in second
    for junk in ("-1", "x", "9" * 30):
        assert client.get(f"/consultants?page={junk}").status_code == 200


@pytest.mark.parametrize("url", ["/consultants", "/book/coo-four"])
def test_lists_cost_the_same_for_one_and_three(
    client: FlaskClient, offering: Offering, consultant: Consultant, url: str
) -> None:
    session.commit()

    def cost() -> int:
        with counting() as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    client.get(url)
    one = cost()
    for _ in range(2):
        Hold.take(offering, make.consultant(), at(3, 10), "UTC")
    session.commit()
    assert cost() == one <= 14


def test_profile_shows_open_times_and_what_can_be_booked(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    page = client.get("/consultants/ada?zone=America/New_York").text
    assert "Tuesday 1 December" in page and "04:30" in page and "New York, UTC−5" in page
    assert 'href="/book/coo-four/ada"' in page


def test_who_has_no_days_left_is_waited_for(
    client: FlaskClient, offering: Offering, consultant: Consultant, picker: str
) -> None:
    consultant.days_per_month = offering.days_per_month
    Hold.take(offering, consultant, at(3, 10), "UTC", minutes=600)
    session.commit()
    page = client.get("/consultants/ada").text
    assert 'href="/book/coo-four/ada/waitlist"' in page and 'href="/book/coo-four/ada"' not in page
    assert "Nothing is open at the moment." in page
    listed = client.get("/consultants").text
    assert "Wait in line" in listed and "Next open time" not in listed


def test_profile_of_nobody_or_of_one_not_published(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.published = False
    session.commit()
    assert client.get("/consultants/ada").status_code == 404
    assert client.get("/consultants/nobody").status_code == 404


def test_what_consultants_type_is_escaped(client: FlaskClient, consultant: Consultant) -> None:
    consultant.headline = consultant.about = HOSTILE
    consultant.industries = [HOSTILE]
    session.commit()
    for url in ("/consultants", "/consultants/ada"):
        assert HOSTILE not in client.get(url).text


# -- whose clock -----------------------------------------------------------------------------------

GUESSED = '<meta name="zone" content="guessed">'


def test_a_page_says_when_it_guesses_the_zone(client: FlaskClient, picker: str) -> None:
    plain = picker.split("?")[0]
    assert GUESSED in client.get(plain).text
    assert GUESSED not in client.get(picker).text
    assert GUESSED not in client.post(plain).text
    client.set_cookie("tz", "America/New_York")
    assert GUESSED not in client.get(plain).text
    client.set_cookie("tz", "Nowhere/Known")
    assert GUESSED in client.get(plain).text


def test_the_time_page_says_what_follows_and_how_it_meets(
    client: FlaskClient, picker: str, consultant: Consultant
) -> None:
    page = client.get(picker).text
    assert re.search(r"Then <span[^>]*>\$5,000(.00)?</span> a month", page)
    assert "By video, an hour" in page
    assert "London time" in page and consultant.meeting_place not in page


def test_lists_and_profiles_say_zone_and_free_days(client: FlaskClient, picker: str) -> None:
    for url in ("/consultants", "/book/coo-four", "/consultants/ada"):
        page = client.get(url).text
        assert "London time" in page and "12 days a month" in page


@pytest.mark.parametrize(
    ("place", "said"),
    [("https://meet.example.com/a", "By video"), ("+44 20 7946 0000", "By phone"),
     ("1 Mill Lane, Leeds", "In person")],
)  # fmt: skip
def test_a_place_is_told_by_its_kind(consultant: Consultant, place: str, said: str) -> None:
    consultant.meeting_place = place
    assert consultant.meets == said


# -- public holidays -------------------------------------------------------------------------------


def kick_off_days(offering: Offering, consultant: Consultant) -> set[int]:
    return {start.day for start in kickoffs(offering, consultant) if start.month == at(1, 9).month}


def test_holidays_of_the_consultants_country_are_closed(
    offering: Offering, consultant: Consultant
) -> None:
    """In 2026 Boxing Day is a Saturday, and kept on Monday the 28th."""
    days = kick_off_days(offering, consultant)
    assert {24, 29} <= days and not {25, 28} & days
    consultant.country = ""
    assert {24, 25, 28, 29} <= kick_off_days(offering, consultant)


def test_own_hours_on_a_holiday_win(offering: Offering, consultant: Consultant) -> None:
    hours = [{"start": "10:00", "end": "12:00"}]
    make.saved(DateOverride(consultant_id=consultant.id, on=at(25, 9).date(), windows=hours))
    assert 25 in kick_off_days(offering, consultant)
