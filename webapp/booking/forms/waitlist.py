"""The form with which one asks for a place in line."""

from __future__ import annotations

from datetime import date

from flask_wtf import FlaskForm
from wtforms import DateField, EmailField
from wtforms.validators import DataRequired, Email, Length, Optional, ValidationError

from webapp import clock
from webapp.plain_text import name_field, stripped
from webapp.zone_field import ZoneField

FULL_ADDRESS = "Enter a full e-mail address, such as ana@example.com."
YEARS_AHEAD = 2


class JoinForm(FlaskForm):
    """Who waits, and from which day on a kick-off is of use to them."""

    name = name_field("Name", "Enter your name.")
    email = EmailField(
        "E-mail",
        [DataRequired("Enter an e-mail address."), Length(max=254), Email(FULL_ADDRESS)],
        filters=[stripped],
    )
    wishes_from = DateField(
        "Start, at the earliest",
        [Optional()],
        description="Leave it empty for as soon as possible.",
    )
    time_zone = ZoneField(description="Times in our mails follow this clock.")

    def validate_wishes_from(self, field: DateField) -> None:
        today = clock.now().date()
        last = date(today.year + YEARS_AHEAD, 12, 31)
        if field.data and not today <= field.data <= last:
            raise ValidationError(f"Choose a date from today to {last.year}.")
