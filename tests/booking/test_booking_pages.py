"""The walk from role to a held time, and the public list of consultants."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at, claims
from tests.counting import counting
from webapp.accounts.models import Person
from webapp.booking.models import DateOverride, Hold
from webapp.booking.queries import kickoffs
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"
KEY = "0123456789abcdef" * 2


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(slug="ada", person=make.person(make.Role.CONSULTANT, name="Ada Stone"))


@pytest.fixture
def offering(app: object) -> Offering:
    return make.offering(slug="coo-four", name="COO, four days")


@pytest.fixture
def picker(client: FlaskClient, offering: Offering, consultant: Consultant) -> str:
    session.commit()
    return "/book/coo-four/ada?zone=America/New_York"


def send(client: FlaskClient, url: str, start: datetime | str, key: str = KEY):  # type: ignore[no-untyped-def]
    slot = start if isinstance(start, str) else start.strftime("%Y-%m-%dT%H:%M:%SZ")
    return client.post(url, data={"slot": slot, "request_key": key})


# -- choosing --------------------------------------------------------------------------------------


def test_the_walk_links_from_role_to_time(client: FlaskClient, picker: str) -> None:
    assert 'href="/book?role=coo"' in client.get("/book").text
    assert 'href="/book/coo-four"' in client.get("/book?role=coo").text
    page = client.get("/book/coo-four").text
    assert 'href="/book/coo-four/ada"' in page
    assert "Step 3 of 7" in page


def test_only_roles_on_sale_are_offered(client: FlaskClient, picker: str) -> None:
    page = client.get("/book").text
    assert "role=integrator" not in page
    assert "Nothing is on sale for this role" in client.get("/book?role=integrator").text


def test_a_coordinator_books_for_a_client(
    sign_in: Callable[[Person], FlaskClient], picker: str
) -> None:
    coordinator = sign_in(make.person(make.Role.COORDINATOR))
    assert "Book for a client" in coordinator.get("/book").text
    assert "For a client" in coordinator.get(picker).text


def test_only_those_with_role_and_days_are_listed(client: FlaskClient, offering: Offering) -> None:
    able = make.consultant()
    others = [
        make.consultant(roles=["integrator"]),
        make.consultant(days_per_month=3),
        make.consultant(published=False),
    ]
    sold_out = make.consultant(days_per_month=4)
    Hold.take(offering, sold_out, at(3, 10), "UTC")
    session.commit()
    page = client.get("/book/coo-four").text
    assert able.slug in page
    assert [who.slug for who in (*others, sold_out) if f"/{who.slug}" in page] == []


def test_role_both_needs_one_person_with_both(client: FlaskClient) -> None:
    make.offering(slug="both", role="both")
    able, half = make.consultant(roles=["coo", "integrator"]), make.consultant(roles=["coo"])
    session.commit()
    page = client.get("/book/both").text
    assert f"/{able.slug}" in page and f"/{half.slug}" not in page


def test_the_month_asked_for_counts(client: FlaskClient, offering: Offering) -> None:
    who = make.consultant()
    make.saved(
        *[
            DateOverride(consultant_id=who.id, on=at(day, 9).date(), windows=[])
            for day in range(1, 32)
        ]
    )
    session.commit()
    assert f"/{who.slug}" not in client.get("/book/coo-four?start=2026-12").text
    assert f"/{who.slug}" in client.get("/book/coo-four?start=2027-01").text
    assert "Mon 4 January 2027" in client.get("/book/coo-four?start=nonsense").text


def test_an_offering_no_longer_sold_says_so(
    client: FlaskClient, offering: Offering, picker: str
) -> None:
    offering.sold = False
    session.commit()
    for url in ("/book/coo-four", picker):
        answer = client.get(url)
        assert answer.status_code == 410 and "no longer sold" in answer.text
    assert send(client, picker, at(3, 10)).status_code == 410


@pytest.mark.parametrize("url", ["/book/nothing", "/book/nothing/ada", "/book/coo-four/nobody"])
def test_unknown_names_are_not_found(client: FlaskClient, picker: str, url: str) -> None:
    assert client.get(url).status_code == 404


def test_a_consultant_who_cannot_fill_the_role_is_not_found(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.roles = ["integrator"]
    session.commit()
    assert client.get(picker).status_code == 404
    assert send(client, picker, at(3, 10)).status_code == 404


# -- the picker ------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", ["day=never", "day=0001-01-01", "day=9999-12-31", "zone=Mars/B",
                                  "slot=" + "9" * 400, "slot=0001-01-01T00:00:00Z",
                                  "zone=../../etc/passwd", "day=2026-12-03&zone="])  # fmt: skip
def test_nonsense_in_the_address_is_ignored(client: FlaskClient, picker: str, junk: str) -> None:
    assert client.get(f"/book/coo-four/ada?{junk}").status_code == 200


def test_no_open_time_is_said_calmly(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.days_per_month = 0
    session.commit()
    page = client.get(picker)
    assert page.status_code == 200 and "No kick-off is open" in page.text


# -- taking ----------------------------------------------------------------------------------------


def test_a_time_is_held_and_the_details_follow(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 303 and "/start/" in answer.location
    assert claims(consultant) == [("hold", at(3, 15))]
    assert session.query(Hold).one().time_zone == "America/New_York"


def test_the_same_form_twice_is_one_hold_and_one_answer(client: FlaskClient, picker: str) -> None:
    first, second = send(client, picker, at(3, 15)), send(client, picker, at(3, 15))
    assert second.status_code == 303
    assert session.query(Hold).count() == 1
    hold_of = lambda answer: answer.location.rsplit("/", 1)[1].split(".")[0]  # noqa: E731
    assert hold_of(first) == hold_of(second)


def test_the_same_form_from_a_browser_that_keeps_no_cookies(app: object, picker: str) -> None:
    for _ in range(2):
        browser = app.test_client(use_cookies=False)  # type: ignore[attr-defined]
        assert send(browser, picker, at(3, 15)).status_code == 303
    assert session.query(Hold).count() == 1


def test_the_holder_still_sees_the_time_and_others_do_not(
    app: object, client: FlaskClient, picker: str
) -> None:
    send(client, picker, at(3, 15))
    mark = 'value="2026-12-03T15:00:00Z"'
    assert mark in client.get(picker).text
    assert mark not in app.test_client().get(picker).text  # type: ignore[attr-defined]


def test_choosing_another_time_goes_on_with_the_same_booking(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    send(client, picker, at(3, 15))
    answer = send(client, picker, at(4, 15), "f" * 32)
    assert answer.status_code == 307
    assert send(client, answer.location, at(4, 15)).status_code == 303
    assert session.query(Hold).count() == 1
    assert claims(consultant) == [("hold", at(4, 15))]


def test_another_offering_with_the_same_person_lets_the_first_go(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.days_per_month = 8
    make.offering(slug="coo-eight", days_per_month=8)
    session.commit()
    send(client, picker, at(3, 15))
    assert send(client, "/book/coo-eight/ada", at(3, 15), "f" * 32).status_code == 303
    assert claims(consultant) == [("hold", at(3, 15))]


def test_a_lost_race_is_told_with_alternatives(
    client: FlaskClient, offering: Offering, consultant: Consultant, picker: str
) -> None:
    Hold.take(offering, consultant, at(3, 15), "UTC")
    session.commit()
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 409
    assert "just been taken" in answer.text
    assert 'value="2026-12-03T13:30:00Z"' in answer.text
    assert KEY in answer.text
    assert session.query(Hold).count() == 1


def test_days_sold_meanwhile_are_told(
    client: FlaskClient, offering: Offering, consultant: Consultant, picker: str
) -> None:
    for hour in (9, 11, 13):
        Hold.take(offering, consultant, at(4, hour), "UTC")
    session.commit()
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 409 and "no room left" in answer.text


@pytest.mark.parametrize(
    "slot, message",
    [("", "Choose a time."), ("soon", "no time we can read"),
     ("2026-12-03T15:00:00", "no time we can read"), (HOSTILE, "no time we can read"),
     ("9" * 500, "longer than"),
     ("2026-12-03T15:07:00Z", "cannot be booked"), ("2026-11-03T15:00:00Z", "cannot be booked"),
     ("2026-12-05T15:00:00Z", "cannot be booked"), ("9999-12-31T23:30:00Z", "cannot be booked"),
     ("0001-01-01T00:00:00Z", "cannot be booked")],
)  # fmt: skip
def test_crafted_times_are_refused_beside_the_field(
    client: FlaskClient, picker: str, slot: str, message: str
) -> None:
    answer = send(client, picker, slot)
    assert answer.status_code == 422
    assert message in answer.text and HOSTILE not in answer.text
    assert session.query(Hold).count() == 0


def test_a_crafted_key_counts_for_nothing(client: FlaskClient, picker: str) -> None:
    assert send(client, picker, at(3, 15), HOSTILE).status_code == 303
    assert session.query(Hold).one().request_key is None


# -- the public list -------------------------------------------------------------------------------


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
