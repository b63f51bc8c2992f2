"""Whoever is free: whose turn it is, and what happens to those who come second."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests import make
from tests.booking.rows import at, claims, used
from webapp.booking import queries
from webapp.booking.models import DateOverride, Hold, NotOffered, SlotTaken
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "UTC"


@pytest.fixture
def offering(app: object) -> Offering:
    return make.offering(slug="coo-four")


def take_any(offering: Offering, start: object, key: str | None = None) -> Hold:
    teams = queries.teams_in_turn(offering, start)  # type: ignore[arg-type]
    return Hold.take_any(offering, teams, start, ZONE, key)  # type: ignore[arg-type]


def off(consultant: Consultant, day: int) -> None:
    make.saved(DateOverride(consultant_id=consultant.id, on=date(2026, 12, day), windows=[]))


def test_what_anybody_offers_is_offered(offering: Offering) -> None:
    first, second = make.consultant(), make.consultant(time_zone="America/New_York")
    off(first, 2)
    listed = queries.kickoffs_of_anyone(offering)
    each = [*queries.kickoffs(offering, first), *queries.kickoffs(offering, second)]
    assert listed == sorted(set(each))
    assert at(2, 10) not in listed and at(2, 15) in listed and at(3, 10) in listed
    assert queries.first_of_anyone(queries.able_for(offering)) == listed[0]


def test_the_one_with_the_most_free_days_is_taken(offering: Offering) -> None:
    few, many = make.consultant(days_per_month=8), make.consultant(days_per_month=9)
    assert take_any(offering, at(3, 10)).team == [many]
    assert take_any(offering, at(4, 10)).team == [few]
    assert set(used(many).values()) == set(used(few).values()) == {4}


def test_with_as_many_days_the_one_with_fewer_meetings_that_week(offering: Offering) -> None:
    met, idle = make.consultant(), make.consultant()
    assert met.id < idle.id
    Hold.take(make.offering(days_per_month=0), met, at(4, 10), ZONE)
    assert take_any(offering, at(3, 10)).team == [idle]
    other_week = queries.teams_in_turn(make.offering(days_per_month=0), at(8, 10))
    assert other_week == [[met], [idle]]


def test_with_all_the_same_the_order_of_ids_decides(offering: Offering) -> None:
    pair = sorted((make.consultant(), make.consultant()), key=lambda who: who.id)
    assert queries.teams_in_turn(offering, at(3, 10)) == [[who] for who in pair]


def test_a_lost_one_goes_to_the_next(offering: Offering) -> None:
    first, second = make.consultant(days_per_month=12), make.consultant(days_per_month=8)
    turns = queries.teams_in_turn(offering, at(3, 10))
    Hold.take(offering, first, at(3, 10), ZONE)
    assert Hold.take_any(offering, turns, at(3, 10), ZONE).team == [second]
    with pytest.raises(SlotTaken):
        Hold.take_any(offering, turns, at(3, 10), ZONE)
    assert queries.teams_in_turn(offering, at(3, 10)) == []
    near = queries.nearest_of_anyone(offering, at(3, 10))
    assert near == [at(3, 11, 30), at(3, 12), at(3, 12, 30)]


@pytest.mark.parametrize("crafted", [at(3, 10, 7), at(3, 3), at(5, 10), at(2, 8, month=11)])
def test_a_time_nobody_ever_offers_is_refused(offering: Offering, crafted: object) -> None:
    make.consultant()
    with pytest.raises(NotOffered):
        take_any(offering, crafted)
    with pytest.raises(NotOffered):
        take_any(offering, at(3, 10).replace(year=1800))
    assert session.query(Hold).count() == 0


def test_the_same_form_twice_is_one_hold_whoever_it_is(offering: Offering) -> None:
    pair = [make.consultant(), make.consultant()]
    first = take_any(offering, at(3, 10), "key")
    again = take_any(offering, at(3, 10), "key")
    assert again.id == first.id and again.team == first.team
    assert sum(len(claims(who)) for who in pair) == 1


def test_another_time_from_the_same_form_may_change_who_it_is(offering: Offering) -> None:
    many, few = make.consultant(days_per_month=12), make.consultant(days_per_month=8)
    off(many, 4)
    held = take_any(offering, at(3, 10), "key")
    assert held.team == [many]
    moved = take_any(offering, at(4, 10), "key")
    assert moved.id == held.id and moved.team == [few] and moved.consultant is few
    assert claims(many) == [] and used(many) == {}
    assert claims(few) == [("hold", at(4, 10))] and set(used(few).values()) == {4}


def test_sold_out_and_unpublished_people_have_no_turn(offering: Offering) -> None:
    make.consultant(days_per_month=3)
    make.consultant(published=False)
    make.consultant(roles=["integrator"])
    able = make.consultant()
    assert queries.teams_in_turn(offering, at(3, 10)) == [[able]]


def test_anyone_for_both_roles_is_one_or_two(app: object) -> None:
    """Counted by the days that stay free of whoever has fewer: eight of one, or four of each."""
    both = make.offering(role="both", days_per_month=8)
    coo, integrator = make.consultant(), make.consultant(roles=["integrator"])
    able = make.consultant(roles=["coo", "integrator"], days_per_month=15)
    turns = queries.teams_in_turn(both, at(3, 10))
    assert turns[0] == [coo, integrator] and [able] in turns
    assert [coo, able] in turns and [able, integrator] in turns and len(turns) == 4
    off(integrator, 3)
    assert queries.teams_in_turn(both, at(3, 10)) == [[coo, able], [able]]
    off(coo, 3)
    assert queries.teams_in_turn(both, at(3, 10)) == [[able]]


def test_anyone_for_both_roles_offers_what_any_two_do(app: object) -> None:
    both = make.offering(role="both", days_per_month=8)
    coos = [make.consultant(), make.consultant(time_zone="Europe/Berlin")]
    integrators = [make.consultant(roles=["integrator"]) for _ in range(2)]
    off(integrators[0], 2)
    off(integrators[1], 3)
    off(coos[0], 3)
    pairs = [(coo, other) for coo in coos for other in integrators]
    each = {start for pair in pairs for start in queries.kickoffs(both, pair)}
    soon = at(1, 8) + timedelta(weeks=queries.WEEKS_OF_ANYONE)
    assert queries.kickoffs_of_anyone(both) == sorted(start for start in each if start < soon)
