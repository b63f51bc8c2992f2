"""Links in mails that change a meeting without sign-in: once, in time, and by POST alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.booking.meetings import NOON, booked, links_in, mails, refusals
from tests.booking.rows import at, claims
from tests.mail import Mailbox
from webapp import access
from webapp.accounts.models import Person
from webapp.booking.mails import letters
from webapp.booking.models import Booking, CalendarRules, ChangeLink
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today")
SetClock = Callable[[datetime], None]
SignIn = Callable[[Person], FlaskClient]
WEDNESDAY = at(9, 12)
PURPOSES = ("move", "cancel", "rebook")


@pytest.fixture
def meeting(app: Flask) -> Booking:
    return booked()


def link(meeting: Booking, purpose: str, side: str = "client") -> str:
    """Its path; the meeting is called off first where the link is to book it again."""
    with transaction():
        if purpose == "rebook" and meeting.state == "booked":
            meeting.cancel("off")
        url = ChangeLink.issue(meeting, meeting.people(side)[0], purpose)
    return urlsplit(url).path


def act(client: FlaskClient, path: str, start: datetime = WEDNESDAY):  # type: ignore[no-untyped-def]
    return client.post(path, data={"slot": start.isoformat(), "reason": "Away that day"})


def altered(path: str) -> list[str]:
    """The same with one character changed: in the value, in the time, in the signature.

    In the middle of each: the low bits of the last character of all count for nothing.
    """
    root, _, token = path.rpartition("/")
    parts = token.split(".")
    assert len(parts) == 3
    made = []
    for number, part in enumerate(parts):
        middle = len(part) // 2
        other = "A" if part[middle] != "A" else "B"
        changed = part[:middle] + other + part[middle + 1 :]
        made.append(f"{root}/" + ".".join([*parts[:number], changed, *parts[number + 1 :]]))
    return made


def state(meeting: Booking) -> tuple[str, datetime, int]:
    session.expire_all()
    return meeting.state, meeting.starts_at, meeting.sequence


# -- what they do ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "purpose, became",
    [
        ("move", ("booked", at(9, 12), 1)),
        ("cancel", ("cancelled", NOON, 1)),
        ("rebook", ("booked", at(9, 12), 2)),
    ],
)
def test_a_link_does_its_one_thing_without_sign_in(
    client: FlaskClient, meeting: Booking, purpose: str, became: tuple[str, datetime, int]
) -> None:
    path = link(meeting, purpose)
    page = client.get(path)
    assert page.status_code == 200 and meeting.people("consultant")[0].name in page.text
    answer = act(client, path)
    assert answer.status_code == 303
    assert state(meeting) == became
    receipt = client.get(answer.headers["Location"])
    assert receipt.status_code == 200
    assert ("called off" if purpose == "cancel" else "Wed 9 December 2026, 12:00") in receipt.text


def test_what_a_link_did_is_written_down_with_the_name_of_its_holder(
    client: FlaskClient, meeting: Booking, sign_in: SignIn
) -> None:
    act(client, link(meeting, "move"))
    [used] = refusals("link.used")
    assert used.detail["by"] == meeting.people("client")[0].email
    page = sign_in(meeting.people("consultant")[0]).get(f"/meetings/{meeting.id}").text
    assert meeting.people("client")[0].name in page and "Moved from Tue 8 December" in page


def test_two_mails_about_one_time_carry_one_link(meeting: Booking) -> None:
    who = meeting.people("client")[0]
    first, again = ChangeLink.issue(meeting, who, "move"), ChangeLink.issue(meeting, who, "move")
    assert session.scalar(select(func.count()).select_from(ChangeLink)) == 1
    assert access.unsign("meeting.move", first.rsplit("/", 1)[1]) == access.unsign(
        "meeting.move", again.rsplit("/", 1)[1]
    )


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", PURPOSES)
def test_b22_a_tampered_link_is_refused_and_audited(
    client: FlaskClient, meeting: Booking, purpose: str
) -> None:
    path = link(meeting, purpose)
    before = state(meeting)
    for wrong in altered(path):
        assert client.get(wrong).status_code == act(client, wrong).status_code == 404
    assert state(meeting) == before
    assert len(refusals()) == 6


@pytest.mark.parametrize("purpose, days", [("move", 7), ("cancel", 7), ("rebook", 30)])
def test_b22_an_expired_link_is_refused_and_audited(
    client: FlaskClient, meeting: Booking, set_clock: SetClock, purpose: str, days: int
) -> None:
    path = link(meeting, purpose)
    before = state(meeting)
    set_clock(at(1, 8) + timedelta(days=days, hours=5))
    assert client.get(path).status_code == act(client, path, at(9, 12)).status_code == 410
    assert state(meeting) == before
    assert {event.detail["why"] for event in refusals()} == {"expired"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_b22_a_link_used_before_is_refused_and_audited(
    client: FlaskClient, meeting: Booking, purpose: str
) -> None:
    path = link(meeting, purpose)
    act(client, path)
    after = state(meeting)
    assert client.get(path).status_code == act(client, path, at(10, 12)).status_code == 410
    assert state(meeting) == after
    assert {event.detail["why"] for event in refusals()} == {"used"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_b22_looking_changes_nothing_however_often(
    client: FlaskClient, meeting: Booking, purpose: str
) -> None:
    """As mail scanners and browsers do that fetch ahead."""
    path = link(meeting, purpose)
    before = state(meeting)
    for headers in ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}):
        assert client.get(path, headers=headers).status_code == 200
        assert client.head(path, headers=headers).status_code == 200
    assert client.get(path + "?slot=" + at(9, 12).isoformat()).status_code == 200
    assert state(meeting) == before
    assert session.scalars(select(ChangeLink.used_at)).all() == [None]
    assert act(client, path).status_code == 303


@pytest.mark.parametrize("purpose", PURPOSES)
def test_b22_a_link_is_good_for_its_purpose_alone(
    client: FlaskClient, meeting: Booking, purpose: str
) -> None:
    path = link(meeting, purpose)
    before = state(meeting)
    for other in set(PURPOSES) - {purpose}:
        swapped = path.replace(f"/{purpose}/", f"/{other}/")
        assert act(client, swapped).status_code == 404
    assert state(meeting) == before


def test_a_link_about_a_time_that_no_longer_stands_is_refused(
    client: FlaskClient, meeting: Booking
) -> None:
    mine, other = link(meeting, "move"), link(meeting, "cancel", "consultant")
    act(client, mine)
    assert act(client, other).status_code == 410
    assert state(meeting) == ("booked", at(9, 12), 1)


def test_a_link_of_one_who_no_longer_attends_is_refused(
    client: FlaskClient, meeting: Booking
) -> None:
    path = link(meeting, "move")
    meeting.attendees = [who for who in meeting.attendees if who.side == "consultant"]
    session.commit()
    assert act(client, path).status_code == 410


def test_the_refusal_leads_on_and_tells_a_stranger_nothing(
    client: FlaskClient, meeting: Booking, sign_in: SignIn
) -> None:
    path = link(meeting, "move")
    act(client, path)
    page = client.get(path).text
    assert "This link has done its work" in page and "/calendar" in page
    names = [who.person.name for who in meeting.attendees]
    assert not any(word in page for word in [*names, "December", str(meeting.id)])
    assert "Your calendar" in sign_in(meeting.people("client")[0]).get(path).text


@pytest.mark.parametrize("part", [0, 1, 2], ids=["value", "time", "signature"])
def test_of_what_we_never_signed_nothing_is_told(
    client: FlaskClient, meeting: Booking, part: int
) -> None:
    page = client.get(altered(link(meeting, "move"))[part]).text
    told = page.partition("<main")[2].partition("</main>")[0]
    assert "This address leads nowhere" in told
    assert not any(word in told for word in ("/calendar", "meeting", "used", "Sign in"))


def test_what_a_link_asked_for_in_vain_leaves_it_good(
    client: FlaskClient, meeting: Booking
) -> None:
    path = link(meeting, "move")
    assert act(client, path, at(9, 3)).status_code == 422
    other = booked("review", at(9, 12), None)
    claim = Booking.schedule(
        "review", other.engagement_id, meeting.consultants, at(9, 12), 60, "UTC", "X", "Y", []
    )
    session.commit()
    answer = act(client, path, at(9, 12))
    assert answer.status_code == 409 and "just been taken" in answer.text
    assert state(meeting) == ("booked", NOON, 0)
    assert ("booking", claim.starts_at) in claims(meeting.consultants[0])
    assert act(client, path, at(10, 12)).status_code == 303


# -- how late --------------------------------------------------------------------------------------


def test_past_the_deadline_a_client_is_told_whom_to_ask(
    client: FlaskClient, meeting: Booking, set_clock: SetClock
) -> None:
    move, cancel = link(meeting, "move"), link(meeting, "cancel")
    consultant = meeting.people("consultant")[0]
    consultant.phone = "+44 20 7946 0000"
    page = client.get(move).text
    assert "You can do this yourself until" in page and "Tue 8 December 2026, 00:00" in page
    set_clock(NOON - timedelta(hours=12) + timedelta(seconds=5))
    for path in (move, cancel):
        page = client.get(path)
        assert page.status_code == 200 and "Too late to change it by yourself" in page.text
        assert consultant.email in page.text and consultant.phone in page.text
        assert act(client, path).status_code == 409
    assert state(meeting) == ("booked", NOON, 0)


def test_the_consultant_may_to_the_last(
    client: FlaskClient, meeting: Booking, set_clock: SetClock
) -> None:
    path = link(meeting, "move", "consultant")
    set_clock(NOON - timedelta(minutes=1))
    assert "You can do this yourself" not in client.get(path).text
    assert act(client, path).status_code == 303


def test_the_consultants_own_rule_counts(
    client: FlaskClient, meeting: Booking, set_clock: SetClock
) -> None:
    path = link(meeting, "move")
    [lead] = meeting.consultants
    session.get_one(CalendarRules, lead.id).change_notice = 120
    session.commit()
    set_clock(NOON - timedelta(minutes=125))
    assert act(client, path).status_code == 303


def test_a_kick_off_is_only_moved(client: FlaskClient, app: Flask) -> None:
    meeting = booked("kickoff")
    path = link(meeting, "cancel")
    assert "can only be moved" in client.get(path).text
    assert act(client, path).status_code == 409
    assert letters.links_for(meeting, meeting.people("client")[0]).cancel is None
    assert act(client, link(meeting, "move")).status_code == 303


# -- in mails --------------------------------------------------------------------------------------


def test_the_mail_of_a_move_moves_it_again(
    client: FlaskClient, meeting: Booking, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    with transaction():
        meeting.move(at(9, 12))
    drain()
    for side in ("client", "consultant"):
        [mail] = mailbox.to(meeting.people(side)[0].email)
        assert set(links_in(mail)) == {"move", "cancel"}
    [mail] = mailbox.to(meeting.people("client")[0].email)
    assert act(client, links_in(mail)["move"], at(10, 12)).status_code == 303
    assert state(meeting) == ("booked", at(10, 12), 2)


def test_the_mail_of_calling_off_books_it_again(
    client: FlaskClient, meeting: Booking, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    uid = meeting.uid
    act(client, link(meeting, "cancel"))
    drain()
    [mail] = mailbox.to(meeting.people("consultant")[0].email)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Why: Away that day" in text and set(links_in(mail)) == {"rebook"}
    assert act(client, links_in(mail)["rebook"], at(8, 12)).status_code == 303
    drain()
    assert state(meeting) == ("booked", at(8, 12), 2)
    assert meeting.uid == uid
    [again] = mails(mailbox, meeting.people("client")[0].email, "Booked again")
    assert set(links_in(again)) == {"move", "cancel"}


def test_nothing_is_booked_again_in_an_engagement_that_is_over(
    client: FlaskClient, meeting: Booking, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    path = link(meeting, "rebook")
    session.get_one(Engagement, meeting.engagement_id).stage = "ended"
    session.commit()
    assert act(client, path).status_code == 410
    drain()
    assert all(links_in(mail) == {} for mail in mailbox.messages)
