"""Meetings handed over while others change them, or hand them over too.

Nothing is tried again here, so that a deadlock would show as an OperationalError.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Event

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.rows import at, meetings_are_claimed
from tests.booking.test_hours_races import in_thread
from webapp.accounts.models import Person
from webapp.booking.models import Absence, Booking, Claim, SlotTaken, contention, substituting
from webapp.booking.models.refusals import MeetingOver
from webapp.booking.models.substituting import hand_over
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
THURSDAY = date(2026, 12, 3)


@pytest.fixture(autouse=True)
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "TRIES", 1)


def met_by(consultants: list[Consultant], start: datetime) -> Booking:
    made = make.engagement(consultant=consultants[0])
    people = [(who.person, "consultant") for who in consultants]
    return Booking.schedule(
        "review", made.id, consultants, start, 60, "UTC", "Review", "here", people
    )


def away(consultant: Consultant, substitute: Consultant) -> uuid.UUID:
    row = Absence(consultant=consultant, substitute=substitute, first=THURSDAY, last=THURSDAY)
    return make.saved(row).id  # type: ignore[no-any-return]


@pytest.fixture
def halfway(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hands over stops after the first meeting, until another has come so far; or a while."""
    first, other, passed = Event(), Event(), substituting._pass

    def stopping(booking: Booking, giver: Consultant, taker: Consultant) -> None:
        passed(booking, giver, taker)
        session.flush()
        if first.is_set():
            other.set()
        first.set()
        other.wait(0.7)

    monkeypatch.setattr(substituting, "_pass", stopping)


@pytest.mark.usefixtures("app", "halfway")
def test_two_hand_over_the_same_meetings_in_crossing_order() -> None:
    """Of a pair both are away, each for another reason and with another substitute."""
    ada, ben, cleo, dan = (make.consultant() for _ in range(4))
    meetings = [met_by([ada, ben], at(3, hour)).id for hour in (10, 12, 14)]
    absences = [(away(ada, cleo), meetings), (away(ben, dan), meetings[::-1])]
    session.commit()

    def hand(absence_id: uuid.UUID, ids: list[uuid.UUID]) -> None:
        found = [session.get_one(Booking, meeting) for meeting in ids]
        assert len(hand_over(session.get_one(Absence, absence_id), found)) == 3

    with ThreadPoolExecutor(2) as pool:
        running = [
            in_thread(pool, lambda a=absence, m=ids: hand(a, m))  # type: ignore[misc]
            for absence, ids in absences
        ]
        for one in running:
            one.result(30)
    for meeting in session.scalars(select(Booking)):
        assert set(meeting.consultants) == {cleo, dan}
    meetings_are_claimed()


@pytest.mark.parametrize("page", ["absence", "return"])
def test_a_meeting_moved_while_the_absence_is_set_or_ends(
    app: object, sign_in: Callable[[Person], FlaskClient], page: str
) -> None:
    """Whoever moves it has the meeting and then lines up for the hours; so does the absence."""
    ada, ben = make.consultant(), make.consultant()
    meeting_id = met_by([ada], at(3, 10)).id
    browser = sign_in(ada.person)
    data = {"first": "2026-12-03", "last": "2026-12-03", "substitute": str(ben.id), "note": ""}
    url = "/availability/absences"
    if page == "return":
        absence = session.get_one(Absence, away(ada, ben))
        hand_over(absence, [session.get_one(Booking, meeting_id)])
        url = f"{url}/{absence.id}/return"
    else:
        data["seen"] = seen(browser, url, data)
    session.commit()
    locked = Event()

    def move() -> None:
        found = session.get_one(Booking, meeting_id)
        found._open("booked")
        locked.set()
        pressed.wait(0.7)
        found.move(at(8, 10))

    pressed = Event()
    with ThreadPoolExecutor(2) as pool:
        moving = in_thread(pool, move)
        assert locked.wait(10)
        answer = pool.submit(lambda: browser.post(url, data=data).status_code)
        moving.result(30)
        assert answer.result(30) == 303
    session.rollback()
    assert session.get_one(Booking, meeting_id).starts_at == at(8, 10)
    meetings_are_claimed()


def seen(browser: FlaskClient, url: str, data: dict[str, str]) -> str:
    """What the question about collisions showed."""
    asked = browser.post(url, data=data)
    assert asked.status_code == 409
    return asked.text.split('name="seen"')[1].split('value="')[1].split('"')[0]


def test_of_two_absences_one_hands_a_meeting_over(app: object) -> None:
    """The second finds that the one who is away has none of it any more."""
    ada, ben, cleo = (make.consultant() for _ in range(3))
    meeting = met_by([ada], at(3, 10))
    first, second = (session.get_one(Absence, away(ada, who)) for who in (ben, cleo))
    assert hand_over(first, [meeting]) == [meeting]
    assert hand_over(second, [meeting]) == []
    assert (meeting.consultants, meeting.sequence) == ([ben], 1)
    meetings_are_claimed()


# -- nobody to meet --------------------------------------------------------------------------------


def test_a_meeting_of_nobody_cannot_be_had(app: object) -> None:
    made = make.engagement()
    with pytest.raises(SlotTaken) as lost:
        Booking.schedule("review", made.id, [], at(3, 10), 60, "UTC", "Review", "here", [])
    assert lost.value.alternatives == []
    assert session.scalars(select(Booking)).all() == []


@pytest.mark.parametrize("verb", ["move", "rebook"])
def test_a_meeting_of_which_nobody_is_known_stays_as_it_is(app: object, verb: str) -> None:
    """As one was whose hold was moved while it was confirmed, and which was then called off."""
    meeting = met_by([make.consultant()], at(3, 10))
    if verb == "rebook":
        meeting.cancel("off")
    session.query(Claim).delete()
    with pytest.raises(MeetingOver):
        getattr(meeting, verb)(at(4, 10))
    assert meeting.starts_at == at(3, 10)
