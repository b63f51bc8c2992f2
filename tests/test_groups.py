"""Tests of one group stay in one process: the journeys share a demo, and starting it is dear."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("kept together")
def test_groups_are_read(request: pytest.FixtureRequest) -> None:
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@kept together")
    else:
        pytest.skip("one process alone")
