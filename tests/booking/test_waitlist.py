"""The waitlist: who waits for a full consultant, and who gets what is freed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from tests import make
from tests.booking.line import ZONE, in_line, link_in, states, text_to
from tests.booking.rows import at, claims
from tests.booking.test_races import race
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking import queries, waitlisting
from webapp.booking.models import (
    Booking,
    CalendarRules,
    CapacityUse,
    Hold,
    WaitlistEntry,
    WeeklyWindow,
)
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")
Drain = Callable[[], int]
SetClock = Callable[[datetime], None]


# -- behaviour 30 ----------------------------------------------------------------------------------


def test_b30_someone_cancels_and_the_first_in_line_gets_an_expiring_hold(
    full: Hold, drain: Drain, mailbox: Mailbox, client: FlaskClient, set_clock: SetClock
) -> None:
    ben, cleo = in_line(full, "Ben"), in_line(full, "Cleo")
    drain()
    assert states() == {"Ben": "waiting", "Cleo": "waiting"}
    full.release()
    session.commit()
    drain()
    assert states() == {"Ben": "offered", "Cleo": "waiting"}
    offered = session.get_one(Hold, session.get_one(WaitlistEntry, ben.id).hold_id)
    assert offered.live and offered.expires_at - clock.now() <= timedelta(hours=24)
    assert claims(full.consultant) == [("hold", offered.starts_at)]
    mail = text_to(mailbox, "ben@example.com", "kept for you")
    assert client.get(link_in(mail, "start")).status_code == 200
    assert mailbox.to("cleo@example.com") == []

    set_clock(offered.expires_at + timedelta(minutes=1))
    with transaction():
        waitlisting.serve()
    drain()
    assert states() == {"Ben": "lapsed", "Cleo": "offered"}
    assert "next in line" in text_to(mailbox, "ben@example.com", "next in line")
    assert "kept for you" in text_to(mailbox, "cleo@example.com", "kept for you")

    set_clock(clock.now() + timedelta(days=2))
    with transaction():
        waitlisting.serve()
    drain()
    lapsed = text_to(mailbox, "cleo@example.com", "no longer kept for you")
    assert "we keep it no longer" in lapsed and "next in line" not in lapsed
    session.rollback()
    assert session.get_one(WaitlistEntry, cleo.id).offered_until is not None


def test_b30_a_meeting_that_is_called_off_makes_room_for_the_first_in_line(
    app: object, drain: Drain, mailbox: Mailbox
) -> None:
    """The one hour a week of a consultant is taken by a review, until that is called off."""
    consultant, offering = make.consultant(days_per_month=31), make.offering()
    rules = session.get_one(CalendarRules, consultant.id)
    rules.horizon_days, rules.buffer_after = 7, 0
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant.id))
    make.saved(WeeklyWindow(consultant_id=consultant.id, weekday=4, starts="10:00", ends="11:00"))
    review = Booking.schedule(
        "review", make.engagement().id, [consultant], at(3, 10), 60, ZONE, "Review", "here", []
    )
    values = {"offering_id": offering.id, "consultant_id": consultant.id}
    in_line(SimpleNamespace(**values))  # type: ignore[arg-type]
    with transaction():
        waitlisting.serve()
    assert states() == {"Ben": "waiting"}
    session.get_one(Booking, review.id).cancel("off")
    session.commit()
    drain()
    assert states() == {"Ben": "offered"}
    assert claims(session.get_one(Consultant, consultant.id)) == [("hold", at(3, 10))]
    assert queries.kickoffs(session.get_one(Offering, offering.id), consultant) == []
    assert "kept for you" in text_to(mailbox, "ben@example.com", "kept for you")


def test_hours_that_are_opened_are_offered_to_the_line(
    app: object, drain: Drain, sign_in: Callable[[Person], FlaskClient]
) -> None:
    ada, offering = make.consultant(person=make.person(Role.CONSULTANT)), make.offering()
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == ada.id))
    in_line(SimpleNamespace(offering_id=offering.id, consultant_id=ada.id))  # type: ignore[arg-type]
    browser = sign_in(ada.person)
    hours = {"day_1-0-starts": "09:00", "day_1-0-ends": "17:00"}
    assert browser.post("/availability/hours", data=hours).status_code == 303
    drain()
    assert states() == {"Ben": "offered"}


def test_what_was_offered_is_taken_once_it_is_booked(full: Hold, drain: Drain) -> None:
    ben = in_line(full)
    full.release()
    session.commit()
    drain()
    made = make.engagement()
    hold = session.get_one(WaitlistEntry, ben.id).hold
    assert hold is not None
    Booking.confirm(hold, made.id, "Kick-off", [])
    session.commit()
    with transaction():
        waitlisting.serve()
    assert states() == {"Ben": "taken"}


def test_what_is_being_booked_is_no_longer_a_matter_of_the_line(
    full: Hold, drain: Drain, set_clock: SetClock
) -> None:
    """Whoever goes on with the booking has the time kept longer than it was offered for."""
    ben = in_line(full)
    full.release()
    session.commit()
    drain()
    hold = session.get_one(WaitlistEntry, ben.id).hold
    assert hold is not None
    hold.keep_until(hold.expires_at + timedelta(hours=1))
    session.commit()
    set_clock(hold.expires_at - timedelta(minutes=30))
    with transaction():
        waitlisting.serve()
    assert states() == {"Ben": "offered"}


def test_four_planners_at_once_make_one_offer(full: Hold, drain: Drain, mailbox: Mailbox) -> None:
    in_line(full, "Ben"), in_line(full, "Cleo")
    full.release()
    outcome = race([waitlisting.serve] * 4)
    assert outcome == {"won": 4}
    assert states() == {"Ben": "offered", "Cleo": "waiting"}
    drain()
    assert len(mailbox.to("ben@example.com")) == 1 and not mailbox.to("cleo@example.com")
    assert session.scalar(select(func.count(CapacityUse.hold_id.distinct()))) == 1


def test_a_lapsed_hold_reaches_the_line_without_any_sweeper(
    full: Hold, set_clock: SetClock
) -> None:
    in_line(full)
    set_clock(full.expires_at + timedelta(seconds=1))
    with transaction():
        waitlisting.serve()
    assert states() == {"Ben": "offered"}


def test_an_offer_ends_while_it_is_of_use(full: Hold) -> None:
    """One at 17:00 is kept until 15:00; one in three hours not at all; a far one for a day."""
    assert waitlisting.kept_until(at(1, 17)) == at(1, 15)
    assert waitlisting.kept_until(at(1, 11)) is None
    later = waitlisting.kept_until(at(20, 10))
    assert later is not None and later - clock.now() <= timedelta(hours=24)


def test_nobody_is_offered_what_comes_too_early(full: Hold) -> None:
    ben = in_line(full, wishes_from=at(14, 0).date())
    full.release()
    with transaction():
        waitlisting.serve()
    hold = session.get_one(WaitlistEntry, ben.id).hold
    assert hold is not None and hold.starts_at >= at(14, 0)


def test_an_offer_is_by_day_where_they_are(full: Hold) -> None:
    """London opens at 9, which is 4 in New York."""
    ben = in_line(full)
    full.release()
    with transaction():
        waitlisting.serve()
    hold = session.get_one(WaitlistEntry, ben.id).hold
    assert hold is not None and hold.starts_at.hour == 13


def test_anyone_in_line_competes_by_when_they_joined(full: Hold) -> None:
    in_line(full, "Anna", consultant_ids=[])
    in_line(full, "Ben")
    full.release()
    with transaction():
        waitlisting.serve()
    assert states() == {"Anna": "offered", "Ben": "waiting"}


def test_a_visitor_does_not_overtake_the_line(full: Hold, client: FlaskClient) -> None:
    """Between what frees a time and the job that offers it, the pages show nothing of it."""
    in_line(full, wishes_from=at(14, 0).date())
    full.release()
    session.commit()
    for on, seen in (("2026-12-03", True), ("2026-12-14", False)):
        shown = client.get(f"/book/coo-four/ada?day={on}").text
        assert (f"{on}T10:00:00Z" in shown) is seen
    taken = client.post("/book/coo-four/ada", data={"slot": "2026-12-14T10:00:00Z"})
    assert taken.status_code == 409
    with transaction():
        waitlisting.serve()
    assert states() == {"Ben": "offered"}


def test_what_the_line_has_no_use_for_is_for_everybody(full: Hold, client: FlaskClient) -> None:
    in_line(full, wishes_from=at(14, 0).date())
    full.release()
    session.commit()
    taken = client.post("/book/coo-four/ada", data={"slot": "2026-12-03T10:00:00Z"})
    assert taken.status_code == 303


def test_a_full_consultants_page_leads_to_the_line(full: Hold, client: FlaskClient) -> None:
    assert "/book/coo-four/ada/waitlist" in client.get("/book/coo-four/ada").text
    assert "/book/coo-four/anyone/waitlist" in client.get("/book/coo-four").text
    assert client.get("/book/coo-four/anyone/waitlist").status_code == 200


def test_who_waits_for_anyone_gets_whoever_is_free(full: Hold) -> None:
    anna = in_line(full, "Anna", consultant_ids=[])
    other = make.consultant(days_per_month=4)
    session.commit()
    with transaction():
        waitlisting.serve()
    session.expire_all()
    assert states() == {"Anna": "offered"}
    hold = session.get_one(WaitlistEntry, anna.id).hold
    assert hold is not None and hold.consultant_id == other.id


def test_for_both_roles_two_may_be_offered_on_one_call(app: object) -> None:
    offering = make.offering(role="both", days_per_month=8)
    make.consultant(roles=["coo"])
    values = {"offering_id": offering.id, "consultant_id": offering.id}
    anna = in_line(SimpleNamespace(**values), "Anna", consultant_ids=[])  # type: ignore[arg-type]
    with transaction():
        waitlisting.serve()
    assert states() == {"Anna": "waiting"}
    make.consultant(roles=["integrator"])
    session.commit()
    with transaction():
        waitlisting.serve()
    hold = session.get_one(WaitlistEntry, anna.id).hold
    assert hold is not None and [seat.role for seat in hold.seats] == ["coo", "integrator"]


def test_who_leaves_as_they_are_served_keeps_nothing(full: Hold) -> None:
    entry_id, consultant_id = in_line(full).id, full.consultant_id
    full.release()

    def leave() -> None:
        session.get_one(WaitlistEntry, entry_id).leave()

    assert race([waitlisting.serve, leave, waitlisting.serve]) == {"won": 3}
    assert states() == {"Ben": "left"}
    assert claims(session.get_one(Consultant, consultant_id)) == []


def test_with_nobody_in_line_nothing_is_enqueued(full: Hold) -> None:
    full.release()
    session.commit()
    tasks = session.scalars(select(Job.task)).all()
    assert "booking.serve_waitlist" not in tasks
