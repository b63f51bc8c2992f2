"""Amounts as people type them: read where there is one reading, refused where there are two."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.amount_field import amount_from
from webapp.money import Money

NO_SYMBOLS = str.maketrans({"$": "", "€": "", "¥": "", "\u2212": "-"})

READ = [
    ("1234", "USD", "1234"),
    ("1234.5", "USD", "1234.5"),
    ("1,234.50", "USD", "1234.50"),
    ("1.234,50", "EUR", "1234.50"),
    ("1 234,50", "EUR", "1234.50"),
    ("1\u202f234,50", "EUR", "1234.50"),
    ("1'234.50", "CHF", "1234.50"),
    ("1\u2019234.50", "CHF", "1234.50"),
    ("100,50", "USD", "100.50"),
    ("12,5", "EUR", "12.5"),
    ("1,234", "USD", "1234"),
    ("1,234", "JPY", "1234"),
    ("1,234,567.89", "USD", "1234567.89"),
    ("1.234.567", "EUR", "1234567"),
    (" 99 ", "USD", "99"),
    ("-5", "USD", "-5"),
    ("1.230", "KWD", "1.230"),
]
REFUSED = [
    ("12,5,0", "USD"), ("1e3", "USD"), ("NaN", "USD"), ("Infinity", "USD"), ("", "USD"),
    ("1,2345", "USD"), ("1,23.50", "USD"), ("1,234,56", "USD"), ("1,234.567.8", "USD"),
    ("1,234,5", "USD"), ("0,123", "USD"), ("1,234", "KWD"), ("100,50", "JPY"), ("1_000", "USD"),
    ("\u0661\u0662", "USD"), ("\uff11\uff12", "USD"), ("$5", "USD"), ("5.", "USD"), (".5", "USD"),
    ("1 2", "USD"), ("1" * 13, "USD"), ("--1", "USD"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "currency", "amount"), READ)
def test_an_amount_with_one_reading_is_read(typed: str, currency: str, amount: str) -> None:
    assert amount_from(typed, currency) == Decimal(amount)


@pytest.mark.parametrize(("typed", "currency"), REFUSED)
def test_what_is_no_amount_or_could_be_two_is_refused(typed: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"Enter an amount such as 1,234\.50\."):
        amount_from(typed, currency)


@given(
    minor=st.integers(-(10**9), 10**9),
    place=st.sampled_from([("USD", "en_US"), ("EUR", "en_DE"), ("CHF", "en_CH"), ("JPY", "en_US")]),
)
def test_amounts_are_read_as_pages_write_them(minor: int, place: tuple[str, str]) -> None:
    currency, locale = place
    money = Money(minor, currency)
    shown = "".join(
        sign for sign in money.format(locale) if not sign.isalpha() and sign not in "$€¥"
    )
    assert Money.of(amount_from(shown.replace("\u2212", "-"), currency), currency) == money
