"""Holding a kick-off: what is on offer, what is refused, what is given back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from tests import make
from tests.booking.rows import at, claims, used
from webapp import clock
from webapp.booking.models import (
    CalendarRules,
    DateOverride,
    Hold,
    NoCapacity,
    NotOffered,
    SlotTaken,
    open_slots,
)
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"
Clock = Callable[[datetime], None]


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def offering(app: object) -> Offering:
    return make.offering()


def rules(consultant: Consultant) -> CalendarRules:
    return session.get_one(CalendarRules, consultant.id)


def open_on_3rd(consultant: Consultant, **besides: object) -> list[datetime]:
    return open_slots([consultant.id], at(3, 0), at(4, 0), 60, **besides)[consultant.id]  # type: ignore[arg-type]


def test_hold_takes_time_and_a_year_of_capacity(offering: Offering, consultant: Consultant) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    assert held.live
    assert claims(consultant) == [("hold", at(3, 10))]
    months = used(consultant)
    assert list(months) == [date(2026, 12, 1), *(date(2027, n, 1) for n in range(1, 12))]
    assert set(months.values()) == {4}


def test_diagnostic_takes_the_months_its_weeks_touch(consultant: Consultant) -> None:
    diagnostic = make.offering(kind="diagnostic", weeks=3, days_per_month=6)
    Hold.take(diagnostic, consultant, at(17, 10), ZONE)
    assert used(consultant) == {date(2026, 12, 1): 6, date(2027, 1, 1): 6}


def test_b13_a_held_time_is_gone_for_others_and_seen_by_its_holder(
    offering: Offering, consultant: Consultant
) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    assert at(3, 10) not in open_on_3rd(consultant)
    assert at(3, 10) in open_on_3rd(consultant, besides_hold=held.id)


def test_second_taker_is_told_with_nearest_alternatives(
    offering: Offering, consultant: Consultant
) -> None:
    Hold.take(offering, consultant, at(3, 10), ZONE)
    with pytest.raises(SlotTaken) as refused:
        Hold.take(offering, consultant, at(3, 10), ZONE)
    assert refused.value.alternatives == [at(3, 11, 30), at(3, 12), at(3, 12, 30)]
    assert len(claims(consultant)) == 1


@pytest.mark.parametrize("gap, taken", [(19, True), (20, False)])
def test_buffers_on_both_sides_count(
    offering: Offering, consultant: Consultant, gap: int, taken: bool
) -> None:
    held_rules = rules(consultant)
    held_rules.buffer_before = held_rules.buffer_after = 10
    held_rules.step = 1
    Hold.take(offering, consultant, at(3, 10), ZONE)
    wanted = at(3, 11) + timedelta(minutes=gap)
    if taken:
        with pytest.raises(SlotTaken):
            Hold.take(offering, consultant, wanted, ZONE)
    else:
        Hold.take(offering, consultant, wanted, ZONE)


@pytest.mark.parametrize(
    "crafted",
    [at(3, 10, 7), at(3, 8), at(3, 16, 30), at(5, 10), at(1, 8, 30), at(2, 8, month=11),
     at(2, 9, month=4)],
    ids=["off the grid", "before hours", "past closing", "Saturday", "too soon", "past", "too far"],
)  # fmt: skip
def test_b09_a_time_never_offered_is_refused(
    offering: Offering, consultant: Consultant, crafted: datetime
) -> None:
    with pytest.raises(NotOffered):
        Hold.take(offering, consultant, crafted, ZONE)
    assert claims(consultant) == [] and used(consultant) == {}


def test_closed_date_is_refused(offering: Offering, consultant: Consultant) -> None:
    make.saved(DateOverride(consultant_id=consultant.id, on=date(2026, 12, 3), windows=[]))
    with pytest.raises(NotOffered):
        Hold.take(offering, consultant, at(3, 10), ZONE)


def test_b08_four_hours_notice_refuse_a_start_in_3_h_59(
    offering: Offering, consultant: Consultant, set_clock: Clock
) -> None:
    rules(consultant).minimum_notice = 240
    set_clock(at(3, 6, 1))
    with pytest.raises(NotOffered):
        Hold.take(offering, consultant, at(3, 10), ZONE)
    set_clock(at(3, 5, 59))
    assert Hold.take(offering, consultant, at(3, 10), ZONE).live


@pytest.mark.parametrize("wrong", ["not sold", "unpublished", "other role"])
def test_what_cannot_be_sold_is_refused(
    offering: Offering, consultant: Consultant, wrong: str
) -> None:
    offering.sold = wrong != "not sold"
    consultant.published = wrong != "unpublished"
    consultant.roles = ["integrator"] if wrong == "other role" else ["coo"]
    with pytest.raises(NotOffered):
        Hold.take(offering, consultant, at(3, 10), ZONE)


def test_full_day_is_taken(offering: Offering, consultant: Consultant) -> None:
    rules(consultant).per_day = 1
    Hold.take(offering, consultant, at(3, 9), ZONE)
    with pytest.raises(SlotTaken) as refused:
        Hold.take(offering, consultant, at(3, 15), ZONE)
    assert {start.day for start in refused.value.alternatives} <= {2, 4}


def test_b18_capacity_runs_out(offering: Offering, consultant: Consultant) -> None:
    for hour in (9, 11, 13):
        Hold.take(offering, consultant, at(3, hour), ZONE)
    with pytest.raises(NoCapacity):
        Hold.take(offering, consultant, at(4, 10), ZONE)
    assert set(used(consultant).values()) == {12}
    assert len(claims(consultant)) == 3


def test_one_full_month_refuses_the_year(offering: Offering, consultant: Consultant) -> None:
    diagnostic = make.offering(kind="diagnostic", weeks=2, days_per_month=10)
    Hold.take(diagnostic, consultant, at(4, 10, month=1).replace(year=2027), ZONE)
    before = used(consultant)
    with pytest.raises(NoCapacity):
        Hold.take(offering, consultant, at(3, 10), ZONE)
    assert used(consultant) == before


def test_b14_an_expired_hold_gives_way_without_a_sweeper(
    offering: Offering, consultant: Consultant, set_clock: Clock
) -> None:
    consultant.days_per_month = 4
    lapsed = Hold.take(offering, consultant, at(3, 10), ZONE)
    set_clock(at(1, 8, 16))
    assert at(3, 10) in open_on_3rd(consultant)
    second = Hold.take(offering, consultant, at(3, 10), ZONE)
    assert second.live and not lapsed.live
    assert set(used(consultant).values()) == {4}


def test_same_request_key_is_one_hold(offering: Offering, consultant: Consultant) -> None:
    first = Hold.take(offering, consultant, at(3, 10), ZONE, "key")
    again = Hold.take(offering, consultant, at(3, 10), ZONE, "key")
    assert again.id == first.id
    assert claims(consultant) == [("hold", at(3, 10))]
    assert set(used(consultant).values()) == {4}


def test_same_form_with_another_time_moves_the_hold(
    offering: Offering, consultant: Consultant
) -> None:
    first = Hold.take(offering, consultant, at(3, 10), ZONE, "key")
    again = Hold.take(offering, consultant, at(4, 10), ZONE, "key")
    assert again.id == first.id
    assert claims(consultant) == [("hold", at(4, 10))]


def test_renewing_keeps_and_never_shortens(offering: Offering, consultant: Consultant) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    held.keep_until(clock.now() + timedelta(hours=48))
    held.renew()
    assert held.expires_at > clock.now() + timedelta(hours=47)


def test_renewing_a_lapsed_hold_takes_it_again(
    offering: Offering, consultant: Consultant, set_clock: Clock
) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    set_clock(at(1, 9))
    held.renew()
    assert held.live
    assert claims(consultant) == [("hold", at(3, 10))]
    assert set(used(consultant).values()) == {4}


def test_b15_a_lapsed_hold_whose_time_is_taken_is_not_renewed(
    offering: Offering, consultant: Consultant, set_clock: Clock
) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    set_clock(at(1, 9))
    Hold.take(offering, consultant, at(3, 10, 30), ZONE)
    with pytest.raises(SlotTaken) as refused:
        held.renew()
    assert len(refused.value.alternatives) == 3
    assert not held.live
    assert claims(consultant) == [("hold", at(3, 10, 30))]


def test_moving_to_a_time_that_overlaps_its_own(offering: Offering, consultant: Consultant) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    held.move(at(3, 10, 30))
    assert claims(consultant) == [("hold", at(3, 10, 30))]
    assert held.starts_at == at(3, 10, 30)


def test_moving_to_a_taken_time_keeps_the_original(
    offering: Offering, consultant: Consultant
) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    Hold.take(offering, consultant, at(3, 14), ZONE)
    with pytest.raises(SlotTaken):
        held.move(at(3, 14, 30))
    assert held.starts_at == at(3, 10)
    assert claims(consultant) == [("hold", at(3, 10)), ("hold", at(3, 14))]


def test_moving_into_another_month_moves_the_capacity(
    offering: Offering, consultant: Consultant
) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    held.move(at(5, 10, month=1).replace(year=2027))
    assert min(used(consultant)) == date(2027, 1, 1)
    assert max(used(consultant)) == date(2027, 12, 1)


def test_releasing_gives_everything_back(offering: Offering, consultant: Consultant) -> None:
    held = Hold.take(offering, consultant, at(3, 10), ZONE)
    held.release()
    assert claims(consultant) == [] and used(consultant) == {}
    assert held.state == "released"
