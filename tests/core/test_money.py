"""Money: whole minor units, Stripe's table, no floats, and no cent lost in sharing."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.money import THREE_DECIMAL, WHOLE_HUNDREDS, ZERO_DECIMAL, Money, locale_of, step

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "ISK", "UGX"])
AMOUNTS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [("5000.00", "USD", 500000), ("50000", "JPY", 50000), ("1.230", "KWD", 1230),
     (Decimal("0.01"), "EUR", 1)],
)  # fmt: skip
def test_m22_amounts_become_minor_units_of_their_currency(
    major: str, currency: str, minor: int
) -> None:
    assert Money.of(major, currency).minor == minor
    assert Money(minor, currency).major == Decimal(major)


@pytest.mark.parametrize("wrong", [1.0, 5000.5, float("nan"), True])
def test_m22_a_float_is_a_type_error(wrong: float) -> None:
    with pytest.raises(TypeError):
        Money(wrong, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(5, "USD") * wrong  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(5, "USD").allocate([1, wrong])  # type: ignore[list-item]
    if isinstance(wrong, float):
        with pytest.raises(TypeError):
            Money.of(wrong, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize(("major", "currency"), [("300", "ISK"), ("5", "UGX")])
def test_m23_isk_and_ugx_are_sent_with_two_decimals_and_shown_with_none(
    major: str, currency: str
) -> None:
    money = Money.of(major, currency)
    assert money.minor == int(major) * 100
    assert money.format() == f"{currency}{major}"
    with pytest.raises(ValueError, match="finer"):
        Money.of(f"{major}.50", currency)
    assert all(share.minor % 100 == 0 for share in money.allocate([1, 1, 1]))


def test_m23_stripes_table_is_whole_and_names_each_currency_once() -> None:
    kinds = (ZERO_DECIMAL, THREE_DECIMAL, WHOLE_HUNDREDS)
    assert [len(kind) for kind in kinds] == [15, 5, 2]
    assert len(frozenset().union(*kinds)) == 22
    assert {Money.of("7", one).minor for one in ZERO_DECIMAL} == {7}
    assert {Money.of("7", one).minor for one in THREE_DECIMAL} == {7000}


@pytest.mark.parametrize(
    ("major", "currency"), [("1.005", "USD"), ("0.5", "JPY"), ("1.234", "KWD")]
)
def test_finer_than_can_be_charged_is_refused(major: str, currency: str) -> None:
    with pytest.raises(ValueError, match="finer"):
        Money.of(major, currency)


def test_currencies_do_not_mix() -> None:
    dollar, euro = Money(1, "USD"), Money(1, "EUR")
    for mixed in (
        lambda: dollar + euro,
        lambda: dollar - euro,
        lambda: dollar < euro,
        lambda: dollar >= euro,
    ):
        with pytest.raises(ValueError, match="different money"):
            mixed()
    assert dollar != euro


@given(AMOUNTS, AMOUNTS)
def test_money_is_compared_as_its_minor_units_are(one: int, other: int) -> None:
    left, right = Money(one, "USD"), Money(other, "USD")
    assert (left < right, left <= right, left > right, left >= right) == (
        one < other, one <= other, one > other, one >= other,
    )  # fmt: skip
    assert max(left, right).minor == max(one, other)


@given(AMOUNTS, st.integers(-1000, 1000))
def test_times_is_adding_over_and_over(minor: int, times: int) -> None:
    assert Money(minor, "USD") * times == times * Money(minor, "USD") == Money(minor * times, "USD")


@given(AMOUNTS, CURRENCIES, WEIGHTS)
def test_shares_are_the_whole_to_the_unit_and_off_by_less_than_one(
    minor: int, currency: str, weights: list[int]
) -> None:
    whole = Money(minor, currency)
    shares = whole.allocate(weights)
    assert sum(shares, Money(0, currency)) == whole
    unit = step(currency) if minor % step(currency) == 0 else 1
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * sum(weights) - minor * weight) < unit * sum(weights)
        assert share.minor * minor >= 0
        assert share.minor == 0 or weight
        assert share.minor % unit == 0


@given(AMOUNTS, WEIGHTS)
def test_equal_weights_differ_by_a_unit_at_most_and_more_weight_is_never_less(
    minor: int, weights: list[int]
) -> None:
    shares = [abs(share.minor) for share in Money(minor, "USD").allocate(weights)]
    ranked = sorted(zip(weights, shares, strict=True))
    for (lighter, less), (heavier, more) in pairwise(ranked):
        assert more >= less if heavier > lighter else abs(more - less) <= 1


def test_what_is_left_over_goes_to_the_largest_remainder_and_then_to_the_first() -> None:
    shares = [share.minor for share in Money(100, "USD").allocate([1, 1, 1])]
    assert shares == [34, 33, 33]
    assert [share.minor for share in Money(-100, "USD").allocate([1, 4, 1])] == [-17, -67, -16]
    assert [share.minor for share in Money(5, "JPY").allocate([7, 3])] == [4, 1]


@pytest.mark.parametrize("weights", [[], [0], [0, 0, 0], [-1, 2], [3, -3]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="nothing to share by"):
        Money(100, "USD").allocate(weights)


@given(AMOUNTS, CURRENCIES, st.data())
def test_days_used_and_days_left_are_the_month(
    minor: int, currency: str, data: st.DataObject
) -> None:
    days = data.draw(st.integers(28, 31))
    left = data.draw(st.integers(0, days))
    month = Money(minor, currency)
    part = month.prorate(left, days)
    assert part + (month - part) == month
    assert (month.prorate(0, days), month.prorate(days, days)) == (Money(0, currency), month)
    assert -month.prorate(left, days) == (-month).prorate(left, days)


def test_more_days_than_the_month_has_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing to share by"):
        Money(100, "USD").prorate(32, 31)


@given(st.integers(-(10**12), 10**12), st.integers(0, 100))
def test_a_percentage_and_its_rest_are_the_whole(minor: int, share: int) -> None:
    whole = Money(minor, "USD")
    part = whole.percent(share)
    assert part + (whole - part) == whole
    assert abs(part.minor * 100 - minor * share) <= 50
    assert Money(minor * 100, "ISK").percent(share).minor == part.minor * 100


@pytest.mark.parametrize(
    ("country", "currency", "shown"),
    [("US", "USD", "$5,000.00"), ("GB", "USD", "US$5,000.00"), ("GB", "GBP", "£5,000.00"),
     ("DE", "EUR", "5.000,00\xa0€"), ("CH", "CHF", "CHF\xa05’000.00"),
     ("", "USD", "$5,000.00"), ("Atlantis", "USD", "$5,000.00"), ("ZZ", "USD", "$5,000.00")],
)  # fmt: skip
def test_as_readers_write_it(country: str, currency: str, shown: str) -> None:
    assert Money.of("5000", currency).format(locale_of(country)) == shown


def test_whole_amounts_keep_their_decimals_and_yen_has_none() -> None:
    assert Money(500000, "USD").format() == "$5,000.00"
    assert Money(50000, "JPY").format() == "¥50,000"
    assert Money(-5, "USD").format() == "-$0.05"
