"""The part of an address that decides on tax where the country alone does not."""

from __future__ import annotations

import re

from flask import current_app
from wtforms import StringField
from wtforms.validators import Length, ValidationError

from webapp.countries import TAXED_BY_PLACE
from webapp.plain_text import one_line, stripped

LOOKS = {
    "CA": (re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE), "K1A 0B6"),
    "US": (re.compile(r"\d{5}(-\d{4})?"), "04101"),
}


def postal_code_field() -> StringField:
    return StringField("Postcode or ZIP", [Length(max=20), one_line], filters=[stripped])


def decides_on_tax(country: str) -> bool:
    """Whether Stripe reckons taxes for us, and needs more than the country to do so."""
    return country in TAXED_BY_PLACE and bool(current_app.config["SETTINGS"].stripe_tax)


def check_postal_code(field: StringField, country: str) -> None:
    """As the country writes them. Raises ValidationError, with words for the form."""
    if not field.data and decides_on_tax(country):
        raise ValidationError("Enter it: the tax on invoices depends on it.")
    pattern, example = LOOKS.get(country, (None, ""))
    if field.data and pattern and not pattern.fullmatch(field.data):
        raise ValidationError(f"There they look like {example}.")
