"""Amounts of money as people type them: one reading for every form."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from wtforms import DecimalField, Form
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput

from webapp.money import Money, decimals

# No-break, figure, thin and narrow no-break spaces stand between thousands in many countries.
SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
PLAIN = re.compile(r"-?[0-9]{1,12}(?:(?P<point>[.,])(?P<part>[0-9]{1,6}))?")
GROUPED = re.compile(
    r"-?(?P<whole>[1-9][0-9]{0,2}(?P<mark>[,. '])[0-9]{3}(?:(?P=mark)[0-9]{3}){0,3})"
    r"(?:(?!(?P=mark))(?P<point>[.,])(?P<part>[0-9]{1,6}))?"
)
LOOKS = "Enter an amount such as 1,234.50."


def amount_from(typed: str, currency: str) -> Decimal:
    """What was typed, in major units: '1234.5', '1,234.50', '1.234,50', '1 234,50', '100,50'.

    A single point always divides, as in English. A single comma before three digits parts thousands
    where the currency has no three decimals, and is refused where it has. ValueError for what could
    be read in two ways, and for what is no amount.
    """
    text = SPACES.sub(" ", typed.strip()).replace("\u2019", "'")
    grouped, plain = GROUPED.fullmatch(text), PLAIN.fullmatch(text)
    if grouped and (plain is None or _thousands(grouped, currency)):
        return _read(text, grouped["mark"], grouped["point"])
    if plain and _divides(plain, currency):
        return _read(text, "", plain["point"])
    raise ValueError(LOOKS)


def _thousands(found: re.Match[str], currency: str) -> bool:
    """Of what could be a fraction as well, such as '1,234'."""
    return found["mark"] == "," and decimals(currency) < 3


def _divides(found: re.Match[str], currency: str) -> bool:
    """A comma divides only what the currency has, and never where it could part thousands."""
    if found["point"] != ",":
        return True
    return len(found["part"]) <= decimals(currency) and len(found["part"]) != 3


def _read(text: str, mark: str, point: str | None) -> Decimal:
    plain = text.replace(mark, "") if mark else text
    return Decimal(plain.replace(point, ".") if point else plain)


class AmountField(DecimalField):  # type: ignore[misc]  # WTForms has no types
    """Typed in major units of the form's currency: its field `currency`, or its attribute."""

    data: Decimal | None
    widget = TextInput()

    def __init__(self, label: str, validators: list[Any], **kwargs: Any) -> None:
        super().__init__(label, validators, **{"render_kw": {"inputmode": "decimal"}} | kwargs)

    def process_data(self, value: Decimal | Money | None) -> None:
        super().process_data(value.major if isinstance(value, Money) else value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read once the currency is known, whatever the order of the fields."""
        self.data = None

    def pre_validate(self, form: Form) -> None:
        typed = (self.raw_data or [""])[0]
        if not typed.strip():
            return
        currency = getattr(form.currency, "data", form.currency) or ""
        try:
            self.data = amount_from(typed, currency)
        except ValueError as error:
            raise StopValidation(str(error)) from error
