"""Worlds side by side: every engagement in one of them, and a world gone wrong is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.shards import live_apart, parts


@given(st.integers(1, 500), st.integers(1, 16))
def test_parts_add_up_and_differ_by_one_at_most(engagements: int, count: int) -> None:
    found = parts(engagements, count)
    assert len(found) == count and sum(found) == engagements
    assert max(found) - min(found) <= 1


def test_a_world_that_could_not_be_lived_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert live_apart(3, 2, 7, ["--months", "many"]) == 2
    told = capfd.readouterr().out
    assert "Seed 7, 2 engagements" in told and "Seed 8, 1 engagements" in told
