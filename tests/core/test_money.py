"""Money: whole minor units, Stripe's table, no floats."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.money import Money


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [("5000.00", "USD", 500000), ("50000", "JPY", 50000), ("1.234", "KWD", 1234),
     ("300", "ISK", 30000), ("5", "UGX", 500), (Decimal("0.01"), "EUR", 1)],
)  # fmt: skip
def test_amounts_follow_stripes_table(major: str, currency: str, minor: int) -> None:
    assert Money.of(major, currency).minor == minor


@pytest.mark.parametrize("wrong", [1.0, 5000.5])
def test_a_float_is_a_type_error(wrong: float) -> None:
    with pytest.raises(TypeError):
        Money(wrong, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money.of(wrong, "USD")  # type: ignore[arg-type]


def test_finer_than_a_cent_is_refused() -> None:
    with pytest.raises(ValueError, match="finer"):
        Money.of("1.005", "USD")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "USD") + Money(1, "EUR")


@given(st.integers(-(10**12), 10**12), st.integers(0, 100))
def test_a_percentage_and_its_rest_are_the_whole(minor: int, share: int) -> None:
    whole = Money(minor, "USD")
    part = whole.percent(share)
    assert part + (whole - part) == whole
    assert abs(part.minor * 100 - minor * share) <= 50


def test_as_readers_write_it() -> None:
    assert Money(500000, "USD").format() == "$5,000.00"
    assert Money(50000, "JPY").format() == "¥50,000"
