"""A short year in every test run; `python -m tests.simulation` lives a long one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.depth import depth
from tests.simulation.comparing import figures, findings
from tests.simulation.hands import Hands
from tests.simulation.world import world
from tests.simulation.year import Year, new_year

ENGAGEMENTS = int(os.environ.get("RIGHTHAND_YEAR_ENGAGEMENTS", "5"))
DAYS = int(os.environ.get("RIGHTHAND_YEAR_DAYS", "60"))
SEED = int(os.environ.get("RIGHTHAND_YEAR_SEED", "1"))


@pytest.fixture(autouse=True)
def quiet(application: object) -> Iterator[None]:
    """Each call and each mail would leave lines, and lines take time."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_a_year_of_engagements_agrees_with_stripe_the_mails_and_its_terms_to_the_cent() -> None:
    with world(SEED, new_year()) as lived:
        year = Year(lived, SEED, ENGAGEMENTS, DAYS)
        year.live()
        print(figures(year), dict(year.told))  # noqa: T201
        assert findings(year) == []


def test_weeks_with_real_workers_that_are_killed_agrees_as_well() -> None:
    with world(SEED, new_year(), workers=True) as lived:
        year = Year(lived, SEED, 2, depth(45, 18))
        year.live()
        assert findings(year) == []
        assert isinstance(lived.hands, Hands) and lived.hands.killed > 1
