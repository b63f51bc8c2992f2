"""What goes wrong with a CalDAV server, and whose an account is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    calendar_named,
    catch_up,
    choose,
)
from tests.booking.meetings import booked
from tests.booking.radicale.conftest import (
    Drain,
    SignIn,
    connect,
    events,
    meeting_with,
    number,
    on_offer,
    read_again,
)
from tests.booking.rows import at
from tests.radicale import Radicale
from tests.standin import visible
from webapp.booking.models.absence import Absence
from webapp.booking.models.substituting import hand_over
from webapp.booking.outside.busy import stale
from webapp.booking.outside.models import OutsideAccount
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today")

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
