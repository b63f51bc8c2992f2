"""Out of office: who stands in, who is told, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import delete, select

from tests import make
from tests.booking.rows import at, claims
from tests.mail import Mailbox
from webapp.booking.hours.collisions import collisions, meetings_of
from webapp.booking.mails.calendar_letters import tell_handed_over
from webapp.booking.mails.letters import tell_cancelled
from webapp.booking.models import Absence, Booking, DateOverride, Handover, WeeklyWindow, open_slots
from webapp.booking.models.substituting import come_back, free_to_stand_in, hand_over
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today", "app")
THURSDAY, FRIDAY = date(2026, 12, 3), date(2026, 12, 4)


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(meeting_place="https://meet.example.com/ada")


@pytest.fixture
def substitute(app: object) -> Consultant:
    return make.consultant(meeting_place="https://meet.example.com/ben")


def review(consultant: Consultant, day: int, hour: int) -> Booking:
    made = make.engagement(consultant=consultant)
    assert made.sponsor
    people = [(made.sponsor, "client"), (consultant.person, "consultant")]
    return Booking.schedule(
        "review", made.id, [consultant], at(day, hour), 60, "UTC", "Review",
        consultant.meeting_place, people,
    )  # fmt: skip


def away(consultant: Consultant, substitute: Consultant | None, **dates: date) -> Absence:
    return make.saved(  # type: ignore[no-any-return]
        Absence(
            consultant=consultant,
            substitute=substitute,
            **({"first": THURSDAY, "last": FRIDAY} | dates),
        )
    )


def files(mails: list[EmailMessage]) -> dict[str, str]:
    """By recipient: the method of the calendar file and its sequence."""
    found = {}
    for mail in mails:
        [part, *_] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
        file: Any = Calendar.from_ical(part.get_payload(decode=True))  # type: ignore[arg-type]
        [event] = file.walk("VEVENT")
        found[parseaddr(str(mail["To"]))[1]] = f"{file['METHOD']} {event['SEQUENCE']}"
    return found


def open_days(consultant: Consultant) -> set[int]:
    found = open_slots([consultant.id], at(3, 0), at(8, 0), 60)
    return {start.day for start in found[consultant.id]}


def test_an_absence_closes_its_days_whatever_else_is_said_of_them(consultant: Consultant) -> None:
    hours = [{"start": "09:00", "end": "12:00"}]
    make.saved(DateOverride(consultant_id=consultant.id, on=FRIDAY, windows=hours))
    assert open_days(consultant) == {3, 4, 7}
    away(consultant, None)
    assert open_days(consultant) == {7}


def test_the_substitute_gets_the_meeting_and_everybody_is_told(
    consultant: Consultant, substitute: Consultant, drain: Callable[[], int], mailbox: Mailbox
) -> None:
    meeting = review(consultant, 3, 10)
    absence = away(consultant, substitute)
    assert meetings_of(collisions(consultant)) == [meeting]
    assert hand_over(absence, [meeting]) == [meeting]
    assert collisions(consultant) == [] and claims(consultant) == []
    assert claims(substitute) == [("booking", at(3, 10))]
    assert meeting.consultants == [substitute] and meeting.people("consultant") == [
        substitute.person
    ]
    assert (meeting.sequence, meeting.place) == (1, substitute.meeting_place)
    drain()
    told = files(mailbox.messages)
    client = meeting.people("client")[0]
    assert told == {
        consultant.person.email: "CANCEL 1", substitute.person.email: "REQUEST 1",
        client.email: "REQUEST 1",
    }  # fmt: skip


@pytest.mark.parametrize("first", ["handed over", "called off", "as the jobs run"])
def test_handed_over_and_called_off_at_once_it_leaves_the_calendar_of_whoever_gave_it(
    consultant: Consultant,
    substitute: Consultant,
    drain: Callable[[], int],
    mailbox: Mailbox,
    first: str,
) -> None:
    meeting = review(consultant, 3, 10)
    hand_over(away(consultant, substitute), [meeting])
    meeting.cancel("off")
    steps: dict[str, Callable[[], None]] = {
        "handed over": lambda: tell_handed_over(meeting, 1, consultant.id, substitute.id),
        "called off": lambda: tell_cancelled(meeting, 2),
    }
    if first in steps:
        steps.pop(first)()
        for then in steps.values():
            then()
    session.commit()
    drain()
    attend = [substitute.person.email, meeting.people("client")[0].email]
    assert files(mailbox.messages) == dict.fromkeys([consultant.person.email, *attend], "CANCEL 2")
    assert len(mailbox.messages) == 3


def test_moved_into_the_past_of_its_old_time_it_still_leaves_the_old_calendar(
    consultant: Consultant,
    substitute: Consultant,
    drain: Callable[[], int],
    mailbox: Mailbox,
    set_clock: Callable[[datetime], None],
) -> None:
    meeting = review(consultant, 4, 10)
    hand_over(away(consultant, substitute), [meeting])
    meeting.move(at(3, 10))
    session.commit()
    set_clock(at(3, 12))
    drain()
    assert files(mailbox.messages) == {consultant.person.email: "CANCEL 2"}


def test_what_the_substitute_has_no_time_for_stays_and_is_said(
    consultant: Consultant, substitute: Consultant
) -> None:
    early, late = review(consultant, 3, 10), review(consultant, 4, 10)
    review(substitute, 4, 10)
    absence = away(consultant, substitute)
    assert free_to_stand_in(substitute, [early, late]) == {early.id}
    assert hand_over(absence, [early, late]) == [early]
    assert meetings_of(collisions(consultant)) == [late]
    assert (late.sequence, late.people("consultant")) == (0, [consultant.person])


def test_an_absence_that_ends_early_brings_back_what_is_ahead(
    consultant: Consultant,
    substitute: Consultant,
    drain: Callable[[], int],
    mailbox: Mailbox,
    set_clock: Callable[[datetime], None],
) -> None:
    earlier, ahead = review(consultant, 3, 10), review(consultant, 4, 10)
    absence = away(consultant, substitute)
    hand_over(absence, [earlier, ahead])
    set_clock(at(4, 8))
    drain()
    mailbox.clear()
    assert come_back(absence, FRIDAY) == ([ahead], [])
    assert absence.last == THURSDAY
    assert claims(consultant) == [("booking", at(4, 10))]
    assert claims(substitute) == [("booking", at(3, 10))]
    assert session.scalars(select(Handover)).all() == []
    assert (ahead.sequence, ahead.place) == (2, consultant.meeting_place)
    drain()
    assert files(mailbox.messages)[substitute.person.email] == "CANCEL 2"


def test_an_absence_that_never_began_is_forgotten_and_what_cannot_come_back_stays(
    consultant: Consultant, substitute: Consultant
) -> None:
    meeting = review(consultant, 3, 10)
    absence = away(consultant, substitute)
    hand_over(absence, [meeting])
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant.id))
    assert come_back(absence, date(2026, 12, 1)) == ([], [meeting])
    assert session.scalars(select(Absence)).all() == []
    assert claims(substitute) == [("booking", at(3, 10))]


def test_a_colleague_on_the_same_call_cannot_stand_in(
    consultant: Consultant, substitute: Consultant
) -> None:
    made = make.engagement(consultant=consultant)
    both = [(consultant.person, "consultant"), (substitute.person, "consultant")]
    meeting = Booking.schedule(
        "review", made.id, [consultant, substitute], at(3, 10), 60, "UTC", "Review", "here", both
    )
    assert hand_over(away(consultant, substitute), [meeting]) == []
    assert {who.id for who in meeting.consultants} == {consultant.id, substitute.id}


def test_whoever_stands_in_sees_the_engagement_until_it_is_written_up(
    consultant: Consultant, substitute: Consultant, set_clock: Callable[[datetime], None]
) -> None:
    meeting = review(consultant, 3, 10)

    def sees() -> bool:
        found = session.scalars(Engagement.visible_to(substitute.person))
        return meeting.engagement_id in {row.id for row in found}

    assert not sees()
    absence = away(consultant, substitute)
    hand_over(absence, [meeting])
    assert sees()
    set_clock(at(16, 12))
    assert sees()
    set_clock(at(17, 12))
    assert not sees()
    set_clock(at(1, 9))
    come_back(absence, THURSDAY)
    assert not sees()
