"""A meeting's page: what each side and the firm see there, and may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at, claims
from tests.counting import counting
from webapp.accounts.models import Person
from webapp.booking import history
from webapp.booking.models import Attendee, Booking, CalendarRules
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today")
SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
VERBS = ("move", "rebook", "cancel", "missed", "missed/withdrawn")


@pytest.fixture
def meeting(app: Flask) -> Booking:
    return booked()


def url(meeting: Booking, what: str = "") -> str:
    return f"/meetings/{meeting.id}" + (f"/{what}" if what else "")


def client_of(meeting: Booking) -> Person:
    return meeting.people("client")[0]


# -- who sees it -----------------------------------------------------------------------------------


def test_each_side_reads_whom_it_meets_when_and_where_in_its_own_zone(
    sign_in: SignIn, meeting: Booking
) -> None:
    client, consultant = client_of(meeting), meeting.people("consultant")[0]
    client.time_zone = "Asia/Tokyo"
    page = sign_in(client).get(url(meeting)).text
    assert f"Monthly review with {consultant.name}" in page
    assert "Tue 8 December 2026, 21:00" in page and "Tokyo, UTC+9" in page
    assert "Add to calendar" in page and "meet.example.com/room" in page
    page = sign_in(consultant).get(url(meeting)).text
    assert "Tue 8 December 2026, 12:00" in page and f"with {meeting.client_name}" in page
    assert "Tokyo" in sign_in(consultant).get(url(meeting) + "?zone=Asia/Tokyo").text


def test_the_firm_sees_every_meeting(sign_in: SignIn, meeting: Booking) -> None:
    for role in (make.Role.COORDINATOR, make.Role.OWNER, make.Role.FINANCE):
        page = sign_in(make.person(role)).get(url(meeting))
        assert page.status_code == 200
        assert ("Move it" in page.text) == (role is not make.Role.FINANCE)


def test_strangers_find_nothing(sign_in: SignIn, meeting: Booking) -> None:
    for stranger in (make.person(make.Role.SPONSOR, company=make.company()),
                     make.consultant().person):  # fmt: skip
        browser = sign_in(stranger)
        assert browser.get(url(meeting)).status_code == 404
        assert {browser.post(url(meeting, verb)).status_code for verb in VERBS} == {404}


def test_who_only_reads_sees_it_and_changes_nothing(sign_in: SignIn, meeting: Booking) -> None:
    company = client_of(meeting).memberships[0].company
    observer = make.person(make.Role.OBSERVER, company=company)
    meeting.attendees.append(Attendee(person=observer, side="client"))
    browser = sign_in(observer)
    page = browser.get(url(meeting)).text
    assert "Move it" not in page and "Call it off" not in page
    assert {browser.post(url(meeting, verb)).status_code for verb in VERBS} == {403}


# -- what may be done ------------------------------------------------------------------------------


def test_a_client_may_until_the_deadline_which_stands_beside_the_button(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser, lead = sign_in(client_of(meeting)), meeting.people("consultant")[0]
    page = browser.get(url(meeting)).text
    assert "Move it" in page and "You can do this yourself until" in page
    assert "Tue 8 December 2026, 00:00" in page
    set_clock(NOON - timedelta(hours=12) + timedelta(seconds=5))
    page = browser.get(url(meeting)).text
    assert "Move it" not in page and "Too late" in page and lead.email in page
    sent = {"slot": at(9, 12).isoformat()}
    assert browser.post(url(meeting, "move"), data=sent).status_code == 409
    answer = browser.post(url(meeting, "cancel"))
    assert answer.status_code == 409 and lead.email in answer.text
    session.expire_all()
    assert (meeting.state, meeting.sequence) == ("booked", 0)


@pytest.mark.parametrize("who", ["consultant", "firm"])
@pytest.mark.parametrize("verb", ["move", "cancel"])
def test_the_consultant_and_the_firm_always_may(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock, who: str, verb: str
) -> None:
    [lead] = meeting.consultants
    session.get_one(CalendarRules, lead.id).change_notice = 7 * 24 * 60
    person = lead.person if who == "consultant" else make.person(make.Role.COORDINATOR)
    browser = sign_in(person)
    set_clock(NOON - timedelta(minutes=5))
    assert "You can do this yourself" not in browser.get(url(meeting)).text
    sent = {"slot": at(9, 12).isoformat()}
    assert browser.post(url(meeting, verb), data=sent).status_code == 303


def test_no_notice_asked_for_is_until_it_begins(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    [lead] = meeting.consultants
    session.get_one(CalendarRules, lead.id).change_notice = 0
    session.commit()
    set_clock(NOON - timedelta(minutes=1))
    browser = sign_in(client_of(meeting))
    assert browser.post(url(meeting, "cancel")).status_code == 303


def test_the_longest_notice_of_a_pair_counts(app: Flask) -> None:
    engagement, second = make.engagement(), make.consultant()
    lead = engagement.hold.consultant
    session.get_one(CalendarRules, second.id).change_notice = 3 * 24 * 60
    made = Booking.schedule("review", engagement.id, [lead, second], NOON, 60, "UTC", "X", "Y", [])
    assert made.change_until == NOON - timedelta(days=3)


def test_a_kick_off_is_not_called_off_here(sign_in: SignIn, app: Flask) -> None:
    meeting = booked("kickoff")
    browser = sign_in(make.person(make.Role.OWNER))
    page = browser.get(url(meeting)).text
    assert "Move it" in page and "Call it off" not in page
    assert browser.post(url(meeting, "cancel")).status_code == 409
    assert "A kick-off can only be moved" in browser.get(url(meeting, "cancel")).text


def test_called_off_with_a_reason_and_booked_again(sign_in: SignIn, meeting: Booking) -> None:
    browser, [lead] = sign_in(client_of(meeting)), meeting.consultants
    assert "Call it off?" in browser.get(url(meeting, "cancel")).text
    answer = browser.post(url(meeting, "cancel"), data={"reason": "Away that day"})
    assert answer.status_code == 303 and claims(lead) == []
    page = browser.get(url(meeting)).text
    assert "Called off: Away that day" in page and "Find another time" in page
    assert "Add to calendar" not in page
    page = browser.get(url(meeting, "rebook")).text
    assert "takes place after all" in page
    sent = {"slot": at(9, 12).isoformat()}
    assert browser.post(url(meeting, "rebook"), data=sent).status_code == 303
    assert claims(lead) == [("booking", at(9, 12))]
    assert browser.post(url(meeting, "rebook"), data=sent).status_code == 409


def test_nothing_is_booked_again_once_the_engagement_is_over(
    sign_in: SignIn, meeting: Booking
) -> None:
    with transaction():
        meeting.cancel("The engagement has ended.")
        session.get_one(Engagement, meeting.engagement_id).stage = "ended"
    browser = sign_in(client_of(meeting))
    assert "Find another time" not in browser.get(url(meeting)).text
    sent = {"slot": at(9, 12).isoformat()}
    assert browser.post(url(meeting, "rebook"), data=sent).status_code == 409
    session.expire_all()
    assert (meeting.state, meeting.sequence) == ("cancelled", 1)


def test_what_is_over_or_called_off_is_still_found_on_the_calendar(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser = sign_in(client_of(meeting))
    assert "Over, missed or called off" not in browser.get("/calendar").text
    with transaction():
        meeting.cancel("Away")
    page = browser.get("/calendar").text
    assert "Called off" in page and url(meeting) in page
    set_clock(NOON + timedelta(days=15))
    assert url(meeting) not in browser.get("/calendar").text


def test_what_nobody_recorded_stays_on_the_calendar_until_it_is_settled(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser = sign_in(meeting.people("consultant")[0])
    set_clock(NOON + timedelta(days=80))
    page = browser.get("/calendar").text
    assert url(meeting) in page and "Not recorded yet" in page and ">Booked<" not in page
    page = browser.get(url(meeting)).text
    assert "Not recorded yet" in page and "They did not come" in page
    answer = browser.post(url(meeting, "missed"), data={"side": "client"})
    assert answer.status_code == 303
    assert url(meeting) not in browser.get("/calendar").text


def test_what_nobody_recorded_in_an_engagement_that_has_ended_is_let_go(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    session.get_one(Engagement, meeting.engagement_id).stage = "ended"
    session.commit()
    set_clock(NOON + timedelta(days=80))
    assert url(meeting) not in sign_in(client_of(meeting)).get("/calendar").text


def test_the_calendar_leads_to_the_room_and_to_another_time(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser = sign_in(client_of(meeting))
    page = browser.get("/calendar").text
    assert 'href="https://meet.example.com/room"' in page and url(meeting, "move") in page
    company = client_of(meeting).memberships[0].company
    observer = make.person(make.Role.OBSERVER, company=company)
    meeting.attendees.append(Attendee(person=observer, side="client"))
    session.commit()
    page = sign_in(observer).get("/calendar").text
    assert url(meeting) in page and url(meeting, "move") not in page


def test_what_is_over_is_not_added_to_a_calendar(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser = sign_in(client_of(meeting))
    set_clock(NOON + timedelta(minutes=59))
    assert "Add to calendar" in browser.get(url(meeting)).text
    set_clock(NOON + timedelta(minutes=61))
    assert "Add to calendar" not in browser.get(url(meeting)).text


@pytest.mark.parametrize("reason", ["x" * 201, "two\nlines", "\u202egnol"])
def test_a_reason_that_cannot_go_into_a_mail_is_refused_beside_its_field(
    sign_in: SignIn, meeting: Booking, reason: str
) -> None:
    answer = sign_in(client_of(meeting)).post(url(meeting, "cancel"), data={"reason": reason})
    assert answer.status_code == 422 and "Please look at this again" in answer.text
    session.expire_all()
    assert meeting.state == "booked"


def test_what_somebody_else_changed_meanwhile_is_shown_first(
    sign_in: SignIn, meeting: Booking
) -> None:
    browser = sign_in(client_of(meeting))
    with transaction():
        meeting.move(at(10, 12))
    sent = {"slot": at(9, 12).isoformat(), "sequence": "0"}
    for verb in ("move", "cancel"):
        answer = browser.post(url(meeting, verb), data=sent)
        assert answer.status_code == 409 and "It has just been changed" in answer.text
        assert "Thu 10 December 2026, 12:00" in answer.text
    assert browser.post(url(meeting, "move"), data=sent | {"sequence": "1"}).status_code == 303


@pytest.mark.parametrize("sequence", ["-1", "x", "9" * 40, ""])
def test_a_sequence_that_we_never_sent_counts_for_nothing(
    sign_in: SignIn, meeting: Booking, sequence: str
) -> None:
    sent = {"slot": at(9, 12).isoformat(), "sequence": sequence}
    assert sign_in(client_of(meeting)).post(url(meeting, "move"), data=sent).status_code == 303


# -- its history -----------------------------------------------------------------------------------


def test_its_history_says_what_happened_and_who_did_it(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    client, consultant = client_of(meeting), meeting.people("consultant")[0]
    with transaction():
        meeting.move(at(9, 12), client)
    with transaction():
        meeting.cancel("Away", consultant)
    with transaction():
        meeting.rebook(at(4, 12), client)
    set_clock(at(4, 12, 16))
    with transaction():
        meeting.miss("client", consultant)
        meeting.withdraw_miss(consultant)
        meeting.hold()
    said = [(event.by, event.text("UTC").partition(" 2026")[0]) for event in history.of(meeting)]
    assert said == [
        ("", "Took place"),
        (consultant.name, "Taken back: nobody was missing"),
        (consultant.name, "Did not take place: the client did not come"),
        (client.name, "Booked again, moved from Wed 9 December"),
        (consultant.name, "Called off: Away"),
        (client.name, "Moved from Tue 8 December"),
        ("", "Booked for Tue 8 December"),
    ]
    page = sign_in(client).get(url(meeting)).text
    assert "Took place" in page and "Moved from Tue 8 December 2026, 12:00 (London, UTC)" in page


def test_a_long_history_takes_no_more_queries(sign_in: SignIn, meeting: Booking) -> None:
    browser = sign_in(client_of(meeting))

    def statements() -> int:
        with counting() as queries:
            assert browser.get(url(meeting)).status_code == 200
        return len(queries)

    few = statements()
    with transaction():
        for day in (9, 10, 11, 14, 15):
            meeting.move(at(day, 12))
    assert statements() <= few
