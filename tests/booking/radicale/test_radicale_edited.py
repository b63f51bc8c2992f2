"""Copies that their owner changed or deleted on the server."""

from __future__ import annotations

import pytest

from tests.booking.elsewhere_calendars import (
    catch_up,
)
from tests.booking.radicale.conftest import (
    Drain,
    events,
    meeting_with,
    read_again,
)
from tests.radicale import Radicale
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")


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
