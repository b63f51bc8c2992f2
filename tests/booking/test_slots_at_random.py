"""Slots of random cases: what the oracle finds, and what the list's companions say."""

import json
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.booking.given import solved
from tests.booking.oracle import Json, oracle_slots
from tests.booking.slot_cases import cases, limited_cases
from tests.depth import depth
from webapp.booking.slots import next_slot, offers, slots
from webapp.booking.slots.case import read_case


@settings(max_examples=depth(2_000, 100), deadline=None)
@given(cases())
def test_agrees_with_the_oracle_minute_by_minute(case: Json) -> None:
    assert solved(case) == oracle_slots(case)


@settings(max_examples=depth(1_000, 60), deadline=None)
@given(limited_cases())
def test_limits_agree_with_the_oracle_wherever_the_host_is(case: Json) -> None:
    assert solved(case) == oracle_slots(case)


@settings(max_examples=depth(1_000, 40), deadline=None)
@given(cases(), st.data())
def test_offers_and_next_slot_follow_the_list(case: Json, data: st.DataObject) -> None:
    read = read_case(json.dumps(case).encode())
    found = read.slots()
    window = (read.window_from, read.window_to)
    first = next_slot(read.event, read.hosts, *window, read.now, read.mode)
    assert first == (found[0] if found else None)
    length = (read.window_to - read.window_from) // timedelta(minutes=1)
    minutes = st.integers(0, length).map(lambda k: read.window_from + timedelta(minutes=k))
    tried = [*data.draw(st.lists(minutes, max_size=5)), *found[:5]]
    for at in (moment for moment in tried if moment < read.window_to):
        assert offers(read.event, read.hosts, read.now, read.mode, at) is (at in found)


@settings(max_examples=depth(500, 30), deadline=None)
@given(cases(), st.integers(0, 2 * 86400))
def test_adjoining_query_windows_share_out_the_slots(case: Json, cut: int) -> None:
    read = read_case(json.dumps(case).encode())
    middle = min(read.window_from + timedelta(seconds=cut), read.window_to)
    halves = [
        slots(read.event, read.hosts, start, end, read.now, read.mode)
        for start, end in ((read.window_from, middle), (middle, read.window_to))
    ]
    assert halves[0] + halves[1] == read.slots()
