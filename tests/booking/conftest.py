"""A Tuesday morning in December on which everything in these tests happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

TODAY = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def today(set_clock: Callable[[datetime], None]) -> datetime:
    set_clock(TODAY)
    return TODAY
