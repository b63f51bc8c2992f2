"""Forms of booking."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, IntegerField, StringField
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    ValidationError,
)

from webapp import clock
from webapp.booking.hours_text import read_hours
from webapp.booking.models import CalendarRules, WeeklyWindow
from webapp.booking.picking import instant
from webapp.catalog.models import Consultant
from webapp.plain_text import one_line

REQUEST_KEY = re.compile(r"[0-9a-f]{32}")


class SlotForm(FlaskForm):
    """A time chosen from the picker: `slot` is an instant with its zone."""

    slot = StringField("Time", validators=[DataRequired("Choose a time."), Length(max=40)])

    def validate_slot(self, field: StringField) -> None:
        if instant(field.data) is None:
            raise ValidationError("That is no time we can read. Choose one of those shown.")

    @property
    def starts_at(self) -> datetime:
        found = instant(self.slot.data)
        if found is None:
            raise ValueError("the form was not validated")
        return found

    def refuse(self, message: str) -> None:
        self.slot.errors = [*self.slot.errors, message]


class TakeSlotForm(SlotForm):
    """request_key: made when the page is shown, so that one page takes one hold."""

    request_key = HiddenField()

    @property
    def key(self) -> str | None:
        """The page's key; one that we cannot have made counts for nothing."""
        sent = self.request_key.data or ""
        return sent if REQUEST_KEY.fullmatch(sent) else None


DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
WEEK_ORDER = (1, 2, 3, 4, 5, 6, 0)
FIRST_YEAR_BEYOND = 2100


class HoursField(StringField):
    """'09:00-12:30, 13:30-17:00'; read into `windows`, pairs of 'HH:MM'."""

    windows: list[tuple[str, str]]

    def pre_validate(self, form: Any) -> None:
        try:
            self.windows = read_hours(self.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from error


def _hours(weekday: int) -> HoursField:
    return HoursField(DAYS[weekday], validators=[Length(max=120)])


class WeeklyForm(FlaskForm):
    """One line of hours a weekday; an empty line is a day off."""

    day_1, day_2, day_3, day_4 = _hours(1), _hours(2), _hours(3), _hours(4)
    day_5, day_6, day_0 = _hours(5), _hours(6), _hours(0)

    @property
    def days(self) -> list[HoursField]:
        return [self[f"day_{weekday}"] for weekday in WEEK_ORDER]

    def rows(self, consultant: Consultant) -> list[WeeklyWindow]:
        return [
            WeeklyWindow(consultant_id=consultant.id, weekday=weekday, starts=starts, ends=ends)
            for weekday in WEEK_ORDER
            for starts, ends in self[f"day_{weekday}"].windows
        ]


class OverrideForm(FlaskForm):
    """One date with other hours, or none."""

    on = DateField("Date", validators=[InputRequired("Choose a date.")])
    hours = HoursField("Hours", validators=[Optional(), Length(max=120)],
                       description="Leave empty to take the day off.")  # fmt: skip
    note = StringField("Note", validators=[Optional(), Length(max=120), one_line],
                       description="Only you and the firm see it.")  # fmt: skip

    def validate_on(self, field: DateField) -> None:
        if field.data and (field.data < clock.now().date() or field.data.year >= FIRST_YEAR_BEYOND):
            raise ValidationError("Choose a date from today on, before 2100.")

    @property
    def windows(self) -> list[dict[str, str]]:
        return [{"start": starts, "end": ends} for starts, ends in self.hours.windows]


def _minutes(label: str, least: int, most: int, help_text: str = "") -> IntegerField:
    message = f"Enter a whole number from {least} to {most}."
    checks = [InputRequired(message), NumberRange(least, most, message)]
    return IntegerField(label, validators=checks, description=help_text)


class RulesForm(FlaskForm):
    """Minutes around a meeting and how far ahead one may book."""

    step = _minutes("A start every", 5, 240, "Minutes from one possible start to the next.")
    buffer_before = _minutes("Room before", 0, 240, "Minutes kept free before a meeting.")
    buffer_after = _minutes("Room after", 0, 240, "Minutes kept free after a meeting.")
    minimum_notice = _minutes(
        "Notice", 0, 60 * 24 * 30, "Minutes to the first start; 1440 is a day."
    )
    horizon_days = _minutes("Open ahead", 1, 365, "Days that can be booked from today on.")
    per_day = IntegerField(
        "Meetings a day", description="At most so many; empty for no limit.",
        validators=[Optional(), NumberRange(1, 24, "Enter a whole number from 1 to 24.")],
    )  # fmt: skip

    def apply(self, rules: CalendarRules) -> None:
        for name in ("step", "buffer_before", "buffer_after", "minimum_notice", "horizon_days"):
            setattr(rules, name, self[name].data)
        rules.per_day = self.per_day.data
