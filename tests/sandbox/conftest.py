"""A Stripe stand-in for each test that asks for one; it must never have answered out of shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stripe_desk import Desk, desk_in


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path / "stripe") as found:
        yield found
        assert found.may_violate or found.violations() == []
