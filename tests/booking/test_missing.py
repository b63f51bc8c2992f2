"""Who did not come: marked, told at once and once more, taken back, booked again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.booking.meetings import booked, links_in
from tests.booking.rows import at, claims
from tests.elsewhere import elsewhere
from tests.mail import Mailbox
from webapp.accounts.models import Company, Person
from webapp.booking.mails import second_notices
from webapp.booking.mails.second_notices import next_morning
from webapp.booking.models import Booking, MeetingOver
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today")
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
SignIn = Callable[[Person], FlaskClient]
FRIDAY = at(4, 12)
QUARTER_PAST = FRIDAY + timedelta(minutes=15, seconds=1)


@pytest.fixture
def meeting(app: Flask) -> Booking:
    return booked("review", FRIDAY)


def missed(meeting: Booking, side: str = "client", by: str | None = "consultant") -> None:
    with transaction():
        meeting.miss(side, meeting.people(by)[0] if by else None)


def plan() -> None:
    def run() -> None:
        with transaction():
            second_notices.plan_second_notices()

    elsewhere(run)


def live(set_clock: SetClock, drain: Drain, first: datetime, last: datetime) -> None:
    while first <= last:
        set_clock(first)
        plan()
        drain()
        first += timedelta(hours=1)


def subjects(mailbox: Mailbox, meeting: Booking, side: str) -> list[str]:
    mails = mailbox.to(meeting.people(side)[0].email)
    return [str(mail["Subject"]).partition(":")[0] for mail in mails]


# -- who is told -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "absent, by, client, consultant",
    [
        ("client", "consultant", ["We missed you"], []),
        ("consultant", "client", [], ["We missed you"]),
        ("client", None, ["We missed you"], ["Did not take place"]),
        ("consultant", None, ["Did not take place"], ["We missed you"]),
    ],
)
def test_everyone_but_who_marked_it_is_told_at_once_with_a_link_to_rebook(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock,
    absent: str, by: str | None, client: list[str], consultant: list[str],
) -> None:  # fmt: skip
    set_clock(QUARTER_PAST)
    missed(meeting, absent, by)
    drain()
    assert subjects(mailbox, meeting, "client") == client
    assert subjects(mailbox, meeting, "consultant") == consultant
    assert all(set(links_in(mail)) == {"rebook"} for mail in mailbox.messages)


def test_once_more_the_next_business_day_in_their_morning(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    """Friday noon in London, so Monday: nine o'clock in New York is 14:00 there."""
    meeting.people("client")[0].time_zone = "America/New_York"
    session.commit()
    set_clock(QUARTER_PAST)
    missed(meeting)
    live(set_clock, drain, QUARTER_PAST, at(7, 13, 59))
    assert subjects(mailbox, meeting, "client") == ["We missed you"]
    live(set_clock, drain, at(7, 14), at(10, 14))
    assert subjects(mailbox, meeting, "client") == ["We missed you", "Still no new time"]


def test_next_morning_passes_over_weekends_and_holidays() -> None:
    thursday = datetime(2026, 12, 24, 15, tzinfo=UTC)
    assert next_morning(thursday, "Europe/London", "GB") == datetime(2026, 12, 29, 9, tzinfo=UTC)
    assert next_morning(thursday, "Europe/London", "Atlantis") == datetime(
        2026, 12, 25, 9, tzinfo=UTC
    )
    late = datetime(2026, 12, 2, 23, 30, tzinfo=UTC)  # the 3rd in Tokyo
    assert next_morning(late, "Asia/Tokyo", "JP") == datetime(2026, 12, 4, 0, tzinfo=UTC)


def test_the_clients_own_holidays_count(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    """Tuesday the 8th is a holiday in Spain, and Monday the 7th in parts of it only."""
    engagement = session.get_one(Engagement, meeting.engagement_id)
    session.get_one(Company, engagement.company_id).country = "ES"
    session.commit()
    with transaction():
        meeting.move(at(7, 12))
    drain()
    mailbox.clear()
    set_clock(at(7, 12, 16))
    missed(meeting)
    live(set_clock, drain, at(7, 13), at(8, 23))
    assert subjects(mailbox, meeting, "client") == ["We missed you"]
    live(set_clock, drain, at(9, 9), at(9, 10))
    assert subjects(mailbox, meeting, "client")[1:] == ["Still no new time"]


@pytest.mark.parametrize("then", ["rebooked", "withdrawn", "a day late"])
def test_no_second_mail_when_it_is_of_no_use(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock, then: str
) -> None:
    set_clock(QUARTER_PAST)
    missed(meeting)
    plan()
    drain()
    mailbox.clear()
    with transaction():
        if then == "rebooked":
            meeting.rebook(at(9, 12))
        if then == "withdrawn":
            meeting.withdraw_miss()
    set_clock(at(8, 10) if then == "a day late" else at(7, 10))
    plan()
    drain()
    assert "Still no new time" not in subjects(mailbox, meeting, "client")


def test_without_a_side_nobody_is_told(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    """As when a month passes and nobody recorded it."""
    set_clock(QUARTER_PAST)
    with transaction():
        meeting.miss()
    live(set_clock, drain, QUARTER_PAST, at(8, 12))
    assert mailbox.messages == []


# -- booked again, taken back ----------------------------------------------------------------------


def test_booked_again_it_is_the_same_meeting_in_calendars(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    uid, [lead] = meeting.uid, meeting.consultants
    set_clock(QUARTER_PAST)
    missed(meeting)
    with transaction():
        meeting.rebook(at(9, 12))
    assert (meeting.uid, meeting.sequence, meeting.state) == (uid, 1, "booked")
    assert claims(lead) == [("booking", at(9, 12))]
    drain()
    for side in ("client", "consultant"):
        assert "Booked again" in subjects(mailbox, meeting, side)
    with pytest.raises(MeetingOver):
        meeting.withdraw_miss()


def test_marked_anew_after_it_was_taken_back_it_is_told_again(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(QUARTER_PAST)
    missed(meeting)
    drain()
    with transaction():
        meeting.withdraw_miss()
    assert (meeting.state, meeting.missed_side) == ("booked", None)
    set_clock(QUARTER_PAST + timedelta(minutes=10))
    missed(meeting)
    drain()
    assert subjects(mailbox, meeting, "client") == ["We missed you"] * 2


# -- on the page -----------------------------------------------------------------------------------


def mark(browser: FlaskClient, meeting: Booking, side: str) -> int:
    return browser.post(f"/meetings/{meeting.id}/missed", data={"side": side}).status_code


def test_it_is_marked_on_its_page_from_a_quarter_of_an_hour_on(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    browser = sign_in(meeting.people("consultant")[0])
    page = f"/meetings/{meeting.id}"
    set_clock(QUARTER_PAST - timedelta(minutes=1))
    assert "Did somebody not come?" not in browser.get(page).text
    assert mark(browser, meeting, "client") == 409
    set_clock(QUARTER_PAST)
    assert "Did somebody not come?" in browser.get(page).text
    assert mark(browser, meeting, "client") == 303
    assert "the client did not come" in browser.get(page).text
    assert mark(browser, meeting, "client") == 409


def test_nobody_named_or_somebody_else_is_refused_beside_the_field(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    set_clock(QUARTER_PAST)
    browser = sign_in(meeting.people("consultant")[0])
    answer = browser.post(f"/meetings/{meeting.id}/missed")
    assert answer.status_code == 422 and "Say who did not come." in answer.text
    assert mark(browser, meeting, "dog") == 422


def test_a_client_says_so_of_the_consultant_only(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock
) -> None:
    set_clock(QUARTER_PAST)
    browser = sign_in(meeting.people("client")[0])
    assert mark(browser, meeting, "client") == 422
    assert mark(browser, meeting, "consultant") == 303


@pytest.mark.parametrize("who, status", [("marker", 303), ("consultant", 303), ("firm", 303),
                                         ("another client", 403)])  # fmt: skip
def test_who_may_take_it_back(
    sign_in: SignIn, meeting: Booking, set_clock: SetClock, who: str, status: int
) -> None:
    client, consultant = (meeting.people(side)[0] for side in ("client", "consultant"))
    leader = make.person(make.Role.LEADER, company=client.memberships[0].company)
    set_clock(QUARTER_PAST)
    missed(meeting, "consultant", "client")
    meeting.attendees.append(type(meeting.attendees[0])(person=leader, side="client"))
    session.commit()
    people = {"marker": client, "consultant": consultant, "another client": leader}
    browser = sign_in(people.get(who) or make.person(make.Role.COORDINATOR))
    assert ("They did come" in browser.get(f"/meetings/{meeting.id}").text) == (status == 303)
    answer = browser.post(f"/meetings/{meeting.id}/missed/withdrawn")
    assert answer.status_code == status
    session.expire_all()
    assert meeting.state == ("booked" if status == 303 else "missed")
