"""Two consultants on one call: a COO and an Integrator share an offering of both roles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from tests import make
from tests.booking.rows import at, claims, used
from webapp.booking import queries
from webapp.booking.models import (
    Booking,
    CalendarRules,
    CapacityUse,
    Claim,
    DateOverride,
    Hold,
    HoldSeat,
    NoCapacity,
    NotOffered,
    SlotTaken,
    WeeklyWindow,
    nearest,
)
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"
Clock = Callable[[datetime], None]


@pytest.fixture
def both(app: object) -> Offering:
    return make.offering(slug="both", role="both", days_per_month=7)


@pytest.fixture
def coo(app: object) -> Consultant:
    return make.consultant(slug="ada")


@pytest.fixture
def integrator(app: object) -> Consultant:
    return make.consultant(slug="ben", roles=["integrator"])


def close(consultant: Consultant, day: int, *hours: tuple[str, str]) -> None:
    windows = [{"start": start, "end": end} for start, end in hours]
    make.saved(DateOverride(consultant_id=consultant.id, on=date(2026, 12, day), windows=windows))


def test_a_team_is_held_whole(both: Offering, coo: Consultant, integrator: Consultant) -> None:
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    assert held.team == [coo, integrator] and held.consultant is coo
    assert [(seat.role, seat.days) for seat in held.seats] == [("coo", 4), ("integrator", 3)]
    assert claims(coo) == claims(integrator) == [("hold", at(3, 10))]
    assert set(used(coo).values()) == {4} and set(used(integrator).values()) == {3}
    assert len(used(coo)) == len(used(integrator)) == 12
    assert (held.team_slug, held.team_names) == ("ada+ben", f"{coo.name} and {integrator.name}")


def test_one_who_holds_both_roles_takes_all_days(both: Offering) -> None:
    able = make.consultant(roles=["coo", "integrator"])
    held = Hold.take(both, able, at(3, 10), ZONE)
    assert [(seat.consultant, seat.role, seat.days) for seat in held.seats] == [(able, "both", 7)]
    assert set(used(able).values()) == {7}


@pytest.mark.parametrize("wrong", ["order", "twice", "one", "three", "offering", "unpublished"])
def test_a_team_that_cannot_fill_the_offering_is_refused(
    both: Offering, coo: Consultant, integrator: Consultant, wrong: str
) -> None:
    able = make.consultant(roles=["coo", "integrator"])
    teams = {
        "order": [integrator, coo], "twice": [able, able], "one": [coo],
        "three": [coo, integrator, able], "offering": [coo, integrator],
        "unpublished": [coo, integrator],
    }  # fmt: skip
    integrator.published = wrong != "unpublished"
    offering = make.offering() if wrong == "offering" else both
    with pytest.raises(NotOffered):
        Hold.take(offering, teams[wrong], at(3, 10), ZONE)
    assert session.query(Hold).count() == session.query(HoldSeat).count() == 0


def test_b28_only_times_at_which_both_are_free_are_listed(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    """The COO's grid; the Integrator's hours, meetings, buffers, notice and horizon all count."""
    close(integrator, 3, ("10:15", "13:00"))
    meeting = make.offering(role="integrator", days_per_month=0)
    Hold.take(meeting, integrator, at(3, 10, 15), ZONE)
    rules = session.get_one(CalendarRules, integrator.id)
    rules.minimum_notice, rules.horizon_days = 26 * 60, 5
    listed = queries.kickoffs(both, [coo, integrator])
    assert listed[0] == at(2, 10, 30)
    assert [start for start in listed if start.day == 3] == [at(3, 11, 30), at(3, 12)]
    assert max(listed) < at(6, 8)
    alone = queries.kickoffs(make.offering(days_per_month=4), coo)
    assert set(listed) < set(alone)


def test_b17_with_one_of_two_taken_no_claim_remains(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    Hold.take(make.offering(role="integrator"), integrator, at(3, 10, 30), ZONE)
    before = claims(integrator), used(integrator)
    with pytest.raises(SlotTaken) as refused:
        Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    assert claims(coo) == [] and used(coo) == {}
    assert (claims(integrator), used(integrator)) == before
    assert session.query(Hold).count() == 1 and session.query(HoldSeat).count() == 1
    assert refused.value.alternatives == [at(3, 9), at(3, 12), at(3, 12, 30)]


def test_the_days_of_each_count_on_their_own(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    integrator.days_per_month = 5
    Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    with pytest.raises(NoCapacity):
        Hold.take(both, [coo, integrator], at(4, 10), ZONE)
    assert set(used(coo).values()) == {4} and set(used(integrator).values()) == {3}
    assert claims(coo) == claims(integrator) == [("hold", at(3, 10))]
    assert queries.kickoffs(both, [coo, integrator]) == []


def test_a_lapsed_team_gives_way_to_either(
    both: Offering, coo: Consultant, integrator: Consultant, set_clock: Clock
) -> None:
    integrator.days_per_month = 3
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    set_clock(at(1, 9))
    Hold.take(make.offering(role="integrator", days_per_month=3), integrator, at(4, 10), ZONE)
    with pytest.raises(NoCapacity):
        held.renew()
    assert not held.live and used(coo).keys() == used(integrator).keys()
    assert set(used(integrator).values()) == {3}


def test_a_lapsed_team_is_taken_again_whole(
    both: Offering, coo: Consultant, integrator: Consultant, set_clock: Clock
) -> None:
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    set_clock(at(1, 9))
    held.renew()
    assert held.live
    assert claims(coo) == claims(integrator) == [("hold", at(3, 10))]
    assert set(used(coo).values()) == {4} and set(used(integrator).values()) == {3}


def test_moving_and_releasing_a_team(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    held.move(at(3, 10, 30))
    assert claims(coo) == claims(integrator) == [("hold", at(3, 10, 30))]
    Hold.take(make.offering(role="integrator"), integrator, at(4, 10), ZONE)
    with pytest.raises(SlotTaken):
        held.move(at(4, 10))
    assert claims(coo) == [("hold", at(3, 10, 30))]
    held.release()
    assert claims(coo) == [] and used(coo) == {}
    assert claims(integrator) == [("hold", at(4, 10))]


def test_the_kickoff_is_booked_with_both(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    engagement = make.engagement(offering=both, consultant=coo)
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    people = [(who.person, "consultant") for who in held.team]
    kickoff = Booking.confirm(held, engagement.id, "Kick-off", people)
    assert claims(coo) == claims(integrator) == [("booking", at(3, 10))]
    assert kickoff.place == coo.meeting_place
    assert set(kickoff.consultants) == {coo, integrator}
    assert Booking.confirm(held, engagement.id, "Kick-off", people) is kickoff
    kickoff.move(at(4, 14))
    assert claims(coo) == claims(integrator) == [("booking", at(4, 14))]


def test_a_confirmed_team_keeps_a_year_and_gives_it_back(
    both: Offering, coo: Consultant, integrator: Consultant, set_clock: Clock
) -> None:
    held = Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    Booking.confirm(held, make.engagement(offering=both, consultant=coo).id, "Kick-off", [])
    set_clock(datetime(2027, 2, 1, 8, tzinfo=at(1, 0).tzinfo))
    held.extend_capacity()
    assert max(used(coo)) == max(used(integrator)) == date(2028, 1, 1)
    assert set(used(integrator).values()) == {3}
    held.free_capacity(date(2027, 3, 15))
    assert max(used(coo)) == max(used(integrator)) == date(2027, 2, 1)
    assert {use.consultant_id for use in session.query(CapacityUse)} == {coo.id, integrator.id}


def test_a_hold_from_before_there_were_seats_is_its_consultants_alone(coo: Consultant) -> None:
    held = make.hold(make.offering(), coo)
    held.seat_rows = []
    session.flush()
    assert held.team == [coo] and [seat.days for seat in held.seats] == [4]
    assert session.query(HoldSeat).count() == 0


def test_who_leads_and_who_can_join(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    """The soonest joint start of each; who has no days left, or nobody to join, is not listed."""
    busy = make.consultant(roles=["integrator"], days_per_month=2)
    late = make.consultant(roles=["integrator"])
    for day in (1, 2, 3):
        close(late, day)
    able = queries.able_for(both)
    assert [(row.consultant, row.next_open) for row in queries.who_can_lead(able)] == [
        (coo, at(1, 9, 30))
    ]
    joining = [(row.consultant, row.next_open) for row in queries.who_can_join(able, coo)]
    assert joining == [(integrator, at(1, 9, 30)), (late, at(4, 9))]
    assert busy not in [who for who, _ in joining]
    session.query(WeeklyWindow).filter(
        WeeklyWindow.consultant_id.in_([integrator.id, late.id])
    ).delete()
    assert queries.who_can_lead(queries.able_for(both)) == []


def test_nobody_joins_themselves(both: Offering) -> None:
    able = make.consultant(roles=["coo", "integrator"])
    bench = queries.able_for(both)
    assert queries.who_can_lead(bench) == [] == queries.who_can_join(bench, able)
    assert [row.consultant for row in queries.who_can_start(both)] == [able]


def test_nearest_times_are_open_to_both(coo: Consultant, integrator: Consultant) -> None:
    close(integrator, 3, ("14:00", "17:00"))
    assert nearest([coo, integrator], at(3, 9)) == [at(3, 14), at(3, 14, 30), at(3, 15)]
    assert nearest(coo, at(3, 9))[0] == at(3, 9)


def test_claims_go_in_by_the_order_of_ids(
    both: Offering, coo: Consultant, integrator: Consultant
) -> None:
    Hold.take(both, [coo, integrator], at(3, 10), ZONE)
    first, second = session.query(Claim).order_by(Claim.id).all()
    assert first.consultant_id < second.consultant_id
