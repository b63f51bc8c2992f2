"""Meetings are copied into a calendar of a real CalDAV server, and busy times read from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    catch_up,
    choose,
    copies_kept,
)
from tests.booking.meetings import NOON
from tests.booking.radicale.conftest import (
    WEEKLY,
    Drain,
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
from webapp.booking.outside.busy import stale
from webapp.booking.outside.models import OutsideAccount, OutsideBusy
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")


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
