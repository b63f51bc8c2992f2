"""What an outside calendar takes is not on offer; it is read no more often than is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests import make
from tests.booking.meetings import booked
from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.reading.conftest import (
    DENTIST,
    After,
    Work,
    on_offer,
    taken,
)
from tests.booking.outside.servers import CalendarServer, event, ics
from tests.booking.rows import at
from webapp import clock
from webapp.booking.models import CalendarRules, Hold, SlotTaken
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.subscribing import subscribe
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")

# -- what counts -----------------------------------------------------------------------------------


def test_what_an_outside_calendar_takes_is_not_on_offer(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]
    from_1130_to_16 = [at(3, 11, 30) + timedelta(minutes=30 * n) for n in range(10)]
    assert on_offer(consultant) == from_1130_to_16


def test_it_cannot_be_taken_by_a_crafted_request_either(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    with pytest.raises(SlotTaken) as lost:
        Hold.take(make.offering(), consultant, at(3, 10), "UTC")
    assert at(3, 11, 30) in lost.value.alternatives


def test_it_is_looked_at_within_the_transaction_that_takes_the_time(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
) -> None:
    """What was on the visitor's list a moment ago, and was taken elsewhere since, is lost."""
    assert at(3, 14) in on_offer(consultant)
    server.files["/work.ics"] = ics(DENTIST, event("call", "20261203T140000Z", "20261203T150000Z"))
    after(QUARTER)
    read_all()
    with pytest.raises(SlotTaken):
        Hold.take(make.offering(), consultant, at(3, 14), "UTC")


def test_our_own_meetings_read_back_take_no_time_twice(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
) -> None:
    ours = booked("review", at(10, 12), make.engagement(consultant=consultant))
    ours.move(at(10, 15))
    session.commit()
    old = event(ours.uid, "20261210T120000Z", "20261210T130000Z")
    server.files["/work.ics"] = ics(old)
    after(QUARTER)
    read_all()
    session.expire_all()
    assert calendar.read_at == pytest.approx(clock.now(), abs=timedelta(minutes=1))
    assert taken(calendar) == []
    assert at(10, 12) in on_offer(consultant, 10)


def test_a_daily_limit_counts_clients_and_not_the_dentist(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    session.get_one(CalendarRules, consultant.id).per_day = 1
    session.commit()
    assert at(3, 14) in on_offer(consultant)


def test_nothing_of_an_event_but_its_time_is_kept(calendar: OutsideCalendar) -> None:
    stored = session.execute(select(OutsideBusy.__table__)).mappings().one()
    assert "Dentist" not in str(dict(stored))


# -- reading ---------------------------------------------------------------------------------------


def test_unchanged_calendars_are_not_sent_twice(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    first = calendar.read_at
    after(QUARTER)
    read_all()
    session.expire_all()
    assert server.asked[-1][1]["If-None-Match"] == '"one"'
    assert first is not None and calendar.read_at is not None and calendar.read_at > first
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]


def test_once_a_day_all_of_it_is_read_as_new_days_come_into_reach(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    reached = calendar.covers_until
    after(timedelta(days=1, minutes=1))
    read_all()
    session.expire_all()
    assert "If-None-Match" not in server.asked[-1][1]
    assert reached and calendar.covers_until and calendar.covers_until > reached


def test_a_stamp_that_changes_with_each_request_is_no_change(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    before = session.scalars(select(OutsideBusy.id)).all()
    server.files["/work.ics"] = ics(DENTIST).replace(b"20260101T000000Z", b"20261201T081500Z")
    after(QUARTER)
    read_all()
    assert session.scalars(select(OutsideBusy.id)).all() == before


def test_a_calendar_is_read_every_quarter_of_an_hour_by_one_job(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    for _ in range(4):
        read_all()
    assert len(server.asked) == 1
    for _ in range(3):
        after(QUARTER)
        read_all()
    assert len(server.asked) == 4
    jobs = session.scalars(select(Job).where(Job.task == "calendars.read")).all()
    assert [job.state for job in jobs] == ["done"]


def test_all_day_events_are_the_consultants_days(server: CalendarServer, read_all: Work) -> None:
    away = make.consultant(slug="zoe", time_zone="Pacific/Auckland")
    server.files["/work.ics"] = ics("UID:a\nDTSTART;VALUE=DATE:20261203\nDTEND;VALUE=DATE:20261204")
    made = subscribe(away, "Work", server.url())
    assert taken(made) == [
        (datetime(2026, 12, 2, 11, tzinfo=UTC), datetime(2026, 12, 3, 11, tzinfo=UTC))
    ]


def test_a_consultant_who_moves_to_another_zone_is_read_whole(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.files["/work.ics"] = ics("UID:a\nDTSTART;VALUE=DATE:20261203")
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    consultant.time_zone = "America/New_York"
    session.commit()
    after(QUARTER)
    read_all()
    assert taken(calendar) == [(at(3, 5), at(4, 5))]
