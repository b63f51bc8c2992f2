"""The picker on its pages, as a browser without JavaScript has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at
from tests.counting import counting
from webapp.access import Role
from webapp.booking.models import Booking, CalendarRules, DateOverride, Hold
from webapp.booking.queries import kickoffs
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

URL = "/book/coo-four/ada"
ZONES = ("UTC", "Asia/Kolkata", "Pacific/Auckland", "America/New_York", "Australia/Lord_Howe",
         "Pacific/Kiritimati", "America/St_Johns")  # fmt: skip
RADIO = re.compile(r'name="slot" value="(\S+)" data-when="([^"]+)"')
WHEN = re.compile(r"\w{3} (\d+ \w+ \d{4}, \d\d:\d\d) \(.*UTC(?:([+−])(\d+)(?::(\d\d))?)?\)")
pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(slug="ada", person=make.person(Role.CONSULTANT, name="Ada Stone"))


@pytest.fixture
def offering(app: object, consultant: Consultant) -> Offering:
    made = make.offering(slug="coo-four", name="COO, four days")
    session.commit()
    return made


def rules_of(consultant: Consultant) -> CalendarRules:
    return session.get_one(CalendarRules, consultant.id)


def closed(consultant: Consultant, first: int, last: int, month: int = 12) -> None:
    """No hours on those days of a month of 2026."""
    dates = (at(day, 9, month=month).date() for day in range(first, last + 1))
    make.saved(*[DateOverride(consultant_id=consultant.id, on=on, windows=[]) for on in dates])
    session.commit()


def days_linked(page: str) -> list[str]:
    return re.findall(r'id="day-([\d-]+)"', page)


def pages(client: FlaskClient, zone: str) -> Iterator[str]:
    """Every day's page, found by the links alone."""
    waiting, seen = [f"{URL}?zone={zone}"], set[str]()
    while waiting:
        page = client.get(waiting.pop()).text
        links = re.findall(r'(?:id="day-[\d-]+"|class="month-link"[^>]*) href="([^"]+)"', page)
        fresh = {link.replace("&amp;", "&") for link in links} - seen
        seen |= fresh
        waiting += sorted(fresh)
        yield page


def instant(shown: str) -> datetime:
    """What a reader works out from the words on the page."""
    found = WHEN.fullmatch(shown)
    assert found, shown
    sign, hours, minutes = found[2], int(found[3] or 0), int(found[4] or 0)
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "−" else 1)
    local = datetime.strptime(found[1], "%d %B %Y, %H:%M")
    return local.replace(tzinfo=timezone(offset)).astimezone(UTC)


# -- the same instants, whoever looks --------------------------------------------------------------


def test_b05_two_invitee_zones_see_the_same_instants(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    """Following every link, each zone comes upon what the calendar offers, and nothing else."""
    rules_of(consultant).horizon_days = 9
    session.commit()
    offered = set(kickoffs(offering, consultant))
    assert len(offered) > 90
    for zone in ZONES:
        found = [radio for page in pages(client, zone) for radio in RADIO.findall(page)]
        assert {datetime.fromisoformat(value) for value, _ in found} == offered, zone


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("today_is", ["2027-03-10", "2027-04-01", "2026-10-30"])
def test_b05_what_a_reader_reads_is_the_instant_that_is_sent(
    client: FlaskClient, consultant: Consultant, offering: Offering,
    set_clock: Callable[[datetime], None], zone: str, today_is: str,
) -> None:  # fmt: skip
    """Around clock changes of New York, Auckland, Lord Howe and St John's."""
    set_clock(datetime.fromisoformat(f"{today_is}T08:00:00+00:00"))
    rules_of(consultant).horizon_days = 8
    session.commit()
    found = [radio for page in pages(client, zone) for radio in RADIO.findall(page)]
    assert len(found) >= 60
    assert [
        shown for value, shown in found if instant(shown) != datetime.fromisoformat(value)
    ] == []


# -- the zone --------------------------------------------------------------------------------------


def test_b31_the_list_names_the_zone_with_the_offset_of_its_own_day(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    """Seen in December, a list of April has April's offset."""
    rules_of(consultant).horizon_days = 200
    session.commit()
    for day, named in [("2026-12-03", "New York, UTC−5"), ("2027-04-01", "New York, UTC−4")]:
        page = client.get(f"{URL}?day={day}&zone=America/New_York").text
        assert f"Times in {named}</span>" in page
        assert set(re.findall(r"UTC−\d", " ".join(when for _, when in RADIO.findall(page)))) == {
            named[-5:]
        }
        assert f'<option value="America/New_York" selected>New York ({named[-5:]})' in page


def test_b31_a_day_on_which_clocks_change_says_so(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    """At a desk that works on the Sunday night on which New York's clocks go forward."""
    rules_of(consultant).horizon_days = 200
    hours = [{"start": "05:00", "end": "09:00"}]
    on = datetime(2027, 3, 14, tzinfo=UTC).date()
    make.saved(DateOverride(consultant_id=consultant.id, on=on, windows=hours))
    session.commit()
    page = client.get(f"{URL}?day=2027-03-14&zone=America/New_York").text
    assert "On this day the clocks go forward an hour at 02:00." in page
    assert "Times in New York, UTC−5, then UTC−4" in page
    assert "01:30 <small>UTC−5</small>" in page and "03:00 <small>UTC−4</small>" in page
    assert "02:00 <small>" not in page
    month = client.get(f"{URL}?day=2027-03-10&zone=America/New_York").text
    assert "On 14 March the clocks go forward an hour at 02:00 in this zone." in month


def test_another_zone_keeps_the_day_and_the_time(client: FlaskClient, offering: Offering) -> None:
    """Without JavaScript: the button beside the zones sends the form by GET, without its token."""
    page = client.get(f"{URL}?day=2026-12-03&zone=Europe/London").text
    assert re.search(rf'formmethod="get" formaction="{URL}"', page)
    assert 'type="hidden" name="csrf_token"' not in page
    sent = "day=2026-12-03&slot=2026-12-03T16:00:00Z&zone=Pacific/Auckland"
    kept = client.get(f"{URL}?{sent}").text
    assert 'data-said="Friday 4 December: ' in kept
    assert re.search(r'value="2026-12-03T16:00:00Z" data-when="[^"]+" required checked', kept)
    assert "Fri 4 December 2026, 05:00 (Auckland, UTC+13)</output>" in kept


# -- the way on ------------------------------------------------------------------------------------


def test_the_first_look_opens_where_something_is_open(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    closed(consultant, 1, 31)
    page = client.get(URL).text
    assert 'data-said="Monday 4 January: ' in page
    assert "January 2027" in page and "month-earlier" not in page


def test_an_empty_month_offers_the_next_free_day(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    closed(consultant, 1, 31)
    page = client.get(f"{URL}?day=2026-12-03&zone=UTC").text
    assert "Nothing is open in December 2026." in page
    assert "Next free day: Mon 4 January" in page and "day=2027-01-04" in page
    assert days_linked(page) == [] and 'type="radio"' not in page


def test_a_month_beyond_the_horizon_says_so(client: FlaskClient, offering: Offering) -> None:
    page = client.get(f"{URL}?day=2027-06-01&zone=UTC").text
    assert "Nothing can be booked in June 2027 yet." in page
    assert "Last free day: Fri 29 January" in page and 'id="month-later"' not in page


def test_only_open_days_can_be_reached_and_say_how_many_times_they_have(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    closed(consultant, 2, 3)
    page = client.get(f"{URL}?zone=UTC").text
    linked = days_linked(page)
    assert {"2026-12-01", "2026-12-04"} <= set(linked)
    assert not {"2026-12-02", "2026-12-03", "2026-12-05", "2026-12-25"} & set(linked)
    assert "Friday 4 December: 15 times</span>" in page
    assert page.count('aria-current="true"') == 1 and page.count('aria-current="date"') == 1


def test_the_week_begins_on_the_readers_first_day(client: FlaskClient, offering: Offering) -> None:
    for languages, first in [("en-US", "Sunday"), ("en-GB,en;q=0.8", "Monday"), ("", "Monday")]:
        page = client.get(URL, headers={"Accept-Language": languages}).text
        head = page.split("<thead>")[1].split("</thead>")[0]
        assert re.findall(r"visually-hidden\">(\w+)", head)[0] == first


# -- what was chosen survives ----------------------------------------------------------------------


def test_a_lost_time_keeps_the_day_and_the_zone(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    Hold.take(offering, consultant, at(10, 15), "UTC")
    session.commit()
    lost = client.post(f"{URL}?day=2026-12-10&zone=Asia/Kolkata", data={"slot": at(10, 15)})
    assert lost.status_code == 409
    assert 'data-said="Thursday 10 December: ' in lost.text
    nearest = lost.text.split("Nearest open times")[1].split("</fieldset>")[0]
    assert "times in Kolkata, UTC+5:30" in nearest and len(RADIO.findall(nearest)) == 3


def test_no_time_chosen_keeps_the_day_and_the_zone(client: FlaskClient, offering: Offering) -> None:
    answer = client.post(f"{URL}?day=2026-12-10&zone=Asia/Kolkata")
    assert answer.status_code == 422
    assert 'data-said="Thursday 10 December: ' in answer.text
    assert "Times in Kolkata, UTC+5:30" in answer.text
    assert 'id="slot" aria-invalid="true" aria-describedby="slot-zone slot-error"' in answer.text


# -- cost ------------------------------------------------------------------------------------------


def cost(client: FlaskClient, url: str) -> int:
    """Of a look by a browser whose session is stored already."""
    client.get(url)
    client.get(url)
    with counting() as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_a_page_of_times_costs_the_same_however_many_weeks_and_claims(
    client: FlaskClient, consultant: Consultant, offering: Offering
) -> None:
    rules_of(consultant).horizon_days = 7
    session.commit()
    one = cost(client, URL)
    rules_of(consultant).horizon_days = 90
    lead = make.engagement(consultant=consultant)
    for day in (3, 4, 7):
        Booking.schedule("review", lead.id, [consultant], at(day, 10), 60, "UTC", "X", "here", [])
    closed(consultant, 8, 10)
    assert cost(client, URL) == one <= 16


@pytest.mark.parametrize("url", [URL, "/book/coo-four/anyone", "/consultants/ada"])
def test_a_page_of_times_costs_the_same_for_one_and_three_consultants(
    client: FlaskClient, consultant: Consultant, offering: Offering, url: str
) -> None:
    one = cost(client, url)
    for _ in range(2):
        Hold.take(offering, make.consultant(), at(3, 10), "UTC")
    session.commit()
    assert cost(client, url) == one
