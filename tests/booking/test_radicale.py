"""A consultant's calendars on a real CalDAV server, connected and used through the pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import vobject
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    calendar_named,
    catch_up,
    choose,
    copies_kept,
)
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at
from tests.radicale import Radicale
from tests.standin import visible
from webapp.accounts.models import Person
from webapp.booking.models import Booking, open_slots
from webapp.booking.models.absence import Absence
from webapp.booking.models.substituting import hand_over
from webapp.booking.outside.busy import stale
from webapp.booking.outside.models import OutsideAccount, OutsideBusy
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
number = itertools.count(1)

pytestmark = pytest.mark.usefixtures("today")

WEEKLY = """
UID:standup
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/London:20261203T100000
DTEND;TZID=Europe/London:20261203T113000
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:A standup that is nobody's business
"""


@pytest.fixture(scope="session")
def radicale_server() -> Iterator[Radicale]:
    with Radicale.running() as server:
        yield server


@pytest.fixture
def radicale(app: Flask, radicale_server: Radicale) -> Iterator[Radicale]:
    """The server with an empty account; it may be asked although it lies on this machine."""
    radicale_server.welcome(f"dana{next(number)}")
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, private_calendar_hosts=(radicale_server.host,))
    yield radicale_server
    app.config["SETTINGS"] = before


@pytest.fixture
def dana(app: Flask) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: SignIn, dana: Consultant) -> FlaskClient:
    return sign_in(dana.person)


@pytest.fixture
def work(radicale: Radicale, browser: FlaskClient, dana: Consultant, drain: Drain) -> str:
    """Dana's calendar 'Work', read and written; its path on the server."""
    path = radicale.make_calendar("Work")
    connect(browser, radicale)
    choose(browser, account_of(dana), ["Work"], "Work")
    catch_up(drain)
    return path


def connect(browser: FlaskClient, server: Radicale, **typed: str) -> tuple[int, str]:
    """Fill in the form; the answer's status and what its page says."""
    form = {"address": server.url, "username": server.user, "password": server.password}
    answer = browser.post(f"{PAGE}/caldav", data=form | typed)
    return answer.status_code, visible(answer.text)


def meeting_with(dana: Consultant, start: datetime = NOON) -> Booking:
    return booked(start=start, engagement=make.engagement(consultant=dana))


def events(server: Radicale, path: str) -> list[vobject.base.Component]:
    """As another library than the one that wrote them reads them."""
    return [vobject.readOne(file).vevent for file in server.files(path).values()]


def on_offer(dana: Consultant, day: int) -> list[datetime]:
    return open_slots([dana.id], at(day, 0), at(day, 23), 60)[dana.id]


# -- the whole walk --------------------------------------------------------------------------------


def test_a_calendar_is_connected_read_written_and_left(
    radicale: Radicale, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    path, home = radicale.make_calendar("Work"), radicale.make_calendar("Home")
    radicale.put(f"{path}standup.ics", WEEKLY)
    assert at(3, 10) in on_offer(dana, 3)

    assert connect(browser, radicale)[0] == 303
    chosen_at = f"{PAGE}/accounts/{account_of(dana).id}"
    page = browser.get(chosen_at).text
    assert all(text in visible(page) for text in (radicale.user, "Work", "Home"))
    assert f'action="{chosen_at}"' in page and f'action="{chosen_at}/removal"' in page
    assert choose(browser, account_of(dana), ["Work"], "Work").status_code == 303
    catch_up(drain)
    assert "Our meetings are copied here" in visible(browser.get(PAGE).text)
    for day in (3, 10, 17):
        assert at(day, 10) not in on_offer(dana, day), day
        assert at(day, 12) in on_offer(dana, day), day
    assert at(24, 10) in on_offer(dana, 24)

    review = meeting_with(dana)
    catch_up(drain)
    [copy] = [one for one in events(radicale, path) if one.uid.value == review.uid]
    assert (copy.dtstart.value, copy.dtend.value) == (NOON, NOON + timedelta(hours=1))
    assert copy.summary.value == review.title_for(dana.person)
    assert not hasattr(copy, "attendee") and not hasattr(copy, "organizer")

    review.move(at(9, 13))
    session.commit()
    catch_up(drain)
    [copy] = [one for one in events(radicale, path) if one.uid.value == review.uid]
    assert copy.dtstart.value == at(9, 13)
    assert copy.sequence.value == "1"

    review.cancel("not needed")
    session.commit()
    catch_up(drain)
    assert [one.uid.value for one in events(radicale, path)] == ["standup"]
    assert copies_kept() == []

    kept = meeting_with(dana, at(10, 14))
    catch_up(drain)
    assert len(events(radicale, path)) == 2
    browser.post(f"{PAGE}/accounts/{account_of(dana).id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    catch_up(drain)
    assert [one.uid.value for one in events(radicale, path)] == ["standup"], kept.uid
    assert session.scalars(select(OutsideAccount)).all() == []
    assert session.scalars(select(OutsideBusy)).all() == []
    assert at(3, 10) in on_offer(dana, 3)
    assert radicale.files(home) == {}


def test_our_own_copy_read_back_is_no_busy_time(
    radicale: Radicale, work: str, dana: Consultant, drain: Drain
) -> None:
    meeting_with(dana)
    catch_up(drain)
    read_again(drain)
    assert session.scalars(select(OutsideBusy)).all() == []
    assert len(radicale.files(work)) == 1


def test_meetings_taken_before_the_calendar_was_connected_are_copied_too(
    radicale: Radicale, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    meetings = [meeting_with(dana, start) for start in (at(8, 10), at(9, 10), at(10, 10))]
    path = radicale.make_calendar("Work")
    connect(browser, radicale)
    choose(browser, account_of(dana), [], "Work")
    catch_up(drain)
    assert {one.uid.value for one in events(radicale, path)} == {one.uid for one in meetings}


def test_another_calendar_takes_over_the_copies(
    radicale: Radicale, work: str, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    meeting_with(dana)
    catch_up(drain)
    home = radicale.make_calendar("Home")
    connect(browser, radicale)
    choose(browser, account_of(dana), [], "Home")
    catch_up(drain)
    catch_up(drain)
    assert radicale.files(work) == {}
    assert len(radicale.files(home)) == 1
    assert [one.name for one in account_of(dana).calendars] == ["Home"]


def test_a_calendar_that_was_deleted_there_can_be_let_go_of(
    radicale: Radicale, work: str, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    radicale.make_calendar("Home")
    radicale.delete(work)
    connect(browser, radicale)
    choose(browser, account_of(dana), ["Home"])
    catch_up(drain)
    assert [one.name for one in account_of(dana).calendars] == ["Home"]
    assert stale([dana.id]) == set()


def test_what_the_accounts_own_address_declined_takes_no_time(
    radicale: Radicale, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    radicale.welcome(f"dana{next(number)}@example.com")
    path = radicale.make_calendar("Work")
    for hour, guest in ((10, radicale.user), (12, "somebody.else@example.com")):
        radicale.put(
            f"{path}{hour}.ics",
            f"UID:at{hour}\nDTSTAMP:20261101T000000Z\nDTSTART:20261203T{hour}0000Z\nDURATION:PT1H\n"
            f"SUMMARY:Lunch\nORGANIZER:mailto:ann@example.com\n"
            f"ATTENDEE;CN=A guest whose name makes a long line;PARTSTAT=DECLINED:mailto:{guest}",
        )
    connect(browser, radicale)
    choose(browser, account_of(dana), ["Work"])
    catch_up(drain)
    assert at(3, 10) in on_offer(dana, 3)
    assert at(3, 12) not in on_offer(dana, 3)


# -- what its owner does there ---------------------------------------------------------------------


def read_again(drain: Drain) -> None:
    """A quarter of an hour later, as far as the calendars know."""
    for calendar in (calendar_named("Work"),):
        calendar.tried_at = None
    session.commit()
    catch_up(drain)
    catch_up(drain)


def test_a_copy_that_was_deleted_there_is_written_again(
    radicale: Radicale, work: str, dana: Consultant, drain: Drain
) -> None:
    meeting_with(dana)
    catch_up(drain)
    [path] = radicale.files(work)
    read_again(drain)
    radicale.delete(path)
    read_again(drain)
    assert list(radicale.files(work)) == [path]


def test_a_copy_that_was_moved_there_is_put_right(
    radicale: Radicale, work: str, dana: Consultant, drain: Drain
) -> None:
    review = meeting_with(dana)
    catch_up(drain)
    [(path, file)] = radicale.files(work).items()
    moved = file.replace("T070000", "T090000").replace("T080000", "T100000")
    assert moved != file
    radicale.ask("PUT", path, moved, **{"Content-Type": "text/calendar"}).raise_for_status()
    read_again(drain)
    [copy] = events(radicale, work)
    assert copy.dtstart.value == review.starts_at


def test_after_three_times_a_change_there_is_left_alone(
    radicale: Radicale, work: str, dana: Consultant, drain: Drain
) -> None:
    meeting_with(dana)
    catch_up(drain)
    [path] = radicale.files(work)
    for _ in range(3):
        radicale.delete(path)
        read_again(drain)
        assert list(radicale.files(work)) == [path]
    radicale.delete(path)
    read_again(drain)
    assert radicale.files(work) == {}


def test_an_invitation_that_a_program_stored_there_is_taken_over(
    radicale: Radicale, work: str, dana: Consultant, drain: Drain
) -> None:
    """One UID stands once in a calendar (RFC 4791): a second one would be refused for ever."""
    review = meeting_with(dana)
    start = review.starts_at.strftime("%Y%m%dT%H%M%SZ")
    radicale.put(
        f"{work}from-mail.ics",
        f"UID:{review.uid}\nDTSTAMP:20261101T000000Z\nDTSTART:{start}\nDURATION:PT1H\nSUMMARY:Old",
    )
    catch_up(drain)
    [copy] = events(radicale, work)
    assert copy.summary.value == review.title_for(dana.person)
    review.cancel("not needed")
    session.commit()
    catch_up(drain)
    assert radicale.files(work) == {}


# -- what goes wrong -------------------------------------------------------------------------------


def test_a_wrong_password_is_told_beside_it(
    radicale: Radicale, browser: FlaskClient, dana: Consultant
) -> None:
    answer = browser.post(
        f"{PAGE}/caldav",
        data={"address": radicale.url, "username": radicale.user, "password": "wrong one"},
    )
    assert answer.status_code == 422
    assert "does not know this name and password" in visible(answer.text)
    assert "wrong one" not in answer.text and radicale.user in answer.text
    assert session.scalars(select(OutsideAccount)).all() == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Enter the server"),
        ("ftp://calendar.example.com", "must begin with https://"),
        ("http://calendar.example.com", "only sent over https"),
        ("https://127.0.0.1:1", "not read from port 1"),
        ("https://127.0.0.1:8443", "inside a private network"),
        ("https://[::1]:8443/dav", "inside a private network"),
        ("https://someone:secret@calendar.example.com", "Leave the user name and password out"),
    ],
)
def test_addresses_that_cannot_be_used_are_told_beside_them(
    radicale: Radicale, browser: FlaskClient, address: str, words: str
) -> None:
    status, page = connect(browser, radicale, address=address)
    assert (status, words in page) == (422, True), page


def test_a_server_that_is_down_is_told_and_later_hidden(
    radicale: Radicale, work: str, browser: FlaskClient, dana: Consultant, drain: Drain,
    set_clock: Callable[[datetime], None],
) -> None:  # fmt: skip
    meeting = meeting_with(dana)
    radicale.stop()
    try:
        catch_up(drain)
        status, page = connect(browser, radicale)
        assert status == 422 and "could not be reached" in page
        assert stale([dana.id]) == set(), "what was read a moment ago is still believed"
        set_clock(at(1, 11))
        catch_up(drain)
        assert stale([dana.id]) == {dana.id}
        assert on_offer(dana, 4) == []
    finally:
        radicale.start()
    set_clock(at(1, 12))
    catch_up(drain)
    catch_up(drain)
    assert stale([dana.id]) == set() and on_offer(dana, 4) != []
    assert [one.uid.value for one in events(radicale, work)] == [meeting.uid]


def test_a_password_that_was_changed_is_told_and_typed_anew(
    radicale: Radicale, work: str, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    user = radicale.user
    users = radicale.folder / "users"
    users.write_text(users.read_text().replace(f"{user}:{radicale.password}", f"{user}:new one"))
    radicale.password = "new one"
    read_again(drain)
    assert "does not know this name and password" in visible(browser.get(PAGE).text)
    meeting_with(dana)
    assert connect(browser, radicale)[0] == 303
    read_again(drain)
    assert calendar_named("Work").problem == ""
    assert len(radicale.files(work)) == 1


def test_a_calendar_that_may_not_be_written_is_told_on_the_page(
    radicale: Radicale, work: str, browser: FlaskClient, dana: Consultant, drain: Drain
) -> None:
    """The collection is gone; what stood in it cannot be put anywhere."""
    radicale.delete(work)
    meeting_with(dana)
    catch_up(drain)
    assert "There is no calendar at that address" in visible(browser.get(PAGE).text)


# -- whose it is -----------------------------------------------------------------------------------


def test_another_consultants_account_does_not_exist(
    work: str, sign_in: SignIn, dana: Consultant
) -> None:
    stranger = sign_in(make.consultant().person)
    url = f"{PAGE}/accounts/{account_of(dana).id}"
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, data={"write": ""}).status_code == 404
    assert stranger.post(f"{url}/removal").status_code == 404


def test_what_is_not_a_calendar_of_the_account_cannot_be_chosen(
    work: str, browser: FlaskClient, dana: Consultant
) -> None:
    url = f"{PAGE}/accounts/{account_of(dana).id}"
    answer = browser.post(url, data={"read": ["http://127.0.0.1:1/"], "write": ""})
    assert answer.status_code == 422
    assert calendar_named("Work").writes


def test_the_password_is_not_kept_in_the_clear(
    radicale: Radicale, work: str, dana: Consultant
) -> None:
    account = account_of(dana)
    assert radicale.password not in str(vars(account))
    assert radicale.password not in str(vars(account.calendars[0]))


def test_a_meeting_handed_over_goes_from_one_calendar_into_the_other(
    radicale: Radicale, work: str, sign_in: SignIn, dana: Consultant, drain: Drain
) -> None:
    engagement: Engagement = make.engagement(consultant=dana)
    review = booked(engagement=engagement)
    catch_up(drain)
    assert len(radicale.files(work)) == 1
    other = make.consultant()
    radicale.welcome(f"noor{next(number)}")
    path = radicale.make_calendar("Noor")
    browser = sign_in(other.person)
    connect(browser, radicale)
    choose(browser, account_of(other), [], "Noor")
    catch_up(drain)
    away = make.saved(
        Absence(consultant=dana, substitute=other, first=date(2026, 12, 7), last=date(2026, 12, 9))
    )
    assert hand_over(away, [review]) == [review]
    session.commit()
    catch_up(drain)
    assert radicale.files(work) == {}
    [copy] = events(radicale, path)
    assert copy.uid.value == review.uid
