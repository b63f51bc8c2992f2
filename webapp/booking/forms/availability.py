"""Forms of a consultant's calendar: hours, single dates, absences, travel, rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    FieldList,
    Form,
    FormField,
    RadioField,
    SelectField,
    StringField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from webapp.booking.hours.windows import MOST_WINDOWS, Pair, check, stored, times
from webapp.plain_text import one_line
from webapp.zone_field import ZoneField

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
WEEK_ORDER = (1, 2, 3, 4, 5, 6, 0)
FIRST_YEAR_BEYOND = 2100
LONGEST_STAY = timedelta(days=366)
Span = dict[str, time | None]
EMPTY: Span = {"starts": None, "ends": None}


class SpanForm(Form):
    """One window of a day; both empty for none."""

    starts = TimeField("From", validators=[Optional()])
    ends = TimeField("To", validators=[Optional()])

    @property
    def blank(self) -> bool:
        return not any(
            self[name].raw_data and self[name].raw_data[0] for name in ("starts", "ends")
        )


def pairs_of(spans: Any) -> list[Pair]:
    """The windows of a day's FieldList, in order. Raises ValueError with a message for people."""
    filled = [entry.form for entry in spans if not entry.form.blank]
    if any(form.starts.data is None or form.ends.data is None for form in filled):
        raise ValueError("Enter both times, as hours and minutes.")
    found = sorted(stored(form.starts.data, form.ends.data) for form in filled)
    check(found)
    return found


def spans_of(pairs: Iterable[Pair], least: int = 1) -> list[Span]:
    """Windows for a form, with empty ones up to so many."""
    found: list[Span] = [
        {"starts": starts, "ends": ends} for starts, ends in map(times, sorted(pairs))
    ]
    return found + [EMPTY] * (least - len(found))


def _day(weekday: int) -> FieldList[Any]:
    return FieldList(FormField(SpanForm), label=DAYS[weekday], min_entries=1,
                     max_entries=MOST_WINDOWS)  # fmt: skip


class WeeklyForm(FlaskForm):
    """The windows of each weekday; none is a day off."""

    day_1, day_2, day_3, day_4 = _day(1), _day(2), _day(3), _day(4)
    day_5, day_6, day_0 = _day(5), _day(6), _day(0)

    windows: Mapping[int, Sequence[Pair]]

    @classmethod
    def of(cls, hours: Mapping[int, Sequence[Pair]]) -> WeeklyForm:
        return cls(
            formdata=None,
            data={f"day_{day}": spans_of(hours.get(day, ())) for day in WEEK_ORDER},
        )

    @property
    def days(self) -> list[Any]:
        return [self[f"day_{weekday}"] for weekday in WEEK_ORDER]

    def validate(self, extra_validators: Any = None) -> bool:
        """What is wrong with a day is said once, of the whole day."""
        sound = bool(super().validate(extra_validators))
        self.windows = {}
        for weekday in WEEK_ORDER:
            spans = self[f"day_{weekday}"]
            try:
                self.windows[weekday] = pairs_of(spans)
            except ValueError as error:
                spans.errors, sound = [str(error)], False
        return sound

    def altered(self, step: str) -> WeeklyForm:
        """The same form with a row more or less, or Monday's hours on all weekdays; not stored.

        step: 'more-<weekday>', 'less-<weekday>-<row>' or 'copy'; anything else changes nothing.
        """
        spans: dict[str, list[Span]] = {field.name: list(field.data) for field in self.days}
        what, _, where = step.partition("-")
        day, _, row = where.partition("-")
        rows = spans.get(f"day_{day}")
        if what == "copy":
            spans |= {f"day_{day}": list(spans["day_1"]) for day in range(2, 6)}
        elif what == "more" and rows is not None and len(rows) < MOST_WINDOWS:
            rows.append(EMPTY)
        elif what == "less" and rows is not None and row.isdecimal() and int(row) < len(rows):
            del rows[int(row)]
        return WeeklyForm(
            formdata=None, data={name: rows or [EMPTY] for name, rows in spans.items()}
        )


class OverrideForm(FlaskForm):
    """One date with other hours, or none."""

    on = DateField("Date", validators=[InputRequired("Choose a date.")])
    kind = RadioField(
        "On this date",
        choices=[("off", "I am not available"), ("hours", "I have other hours")],
        default="off",
    )
    hours = FieldList(FormField(SpanForm), label="Hours", min_entries=2, max_entries=MOST_WINDOWS)
    note = StringField("Note", validators=[Optional(), Length(max=120), one_line],
                       description="Only you and the firm see it.")  # fmt: skip

    today: date
    windows: list[dict[str, str]]

    @classmethod
    def shown(cls, on: date | None, pairs: Sequence[Pair], note: str) -> OverrideForm:
        """As it stands for a date, to be changed; nothing is chosen for a new one."""
        kind = "hours" if pairs else "off"
        data = {"on": on, "kind": kind, "hours": spans_of(pairs, least=2), "note": note}
        return cls(formdata=None, data=data)

    @classmethod
    def working(cls, on: date, usual: Sequence[Pair]) -> OverrideForm:
        """A date on which one works after all, at the usual hours."""
        data = {"on": on, "kind": "hours", "hours": spans_of(usual, least=2)}
        return cls(formdata=None, data=data)

    def validate_on(self, field: DateField) -> None:
        _ahead(field, self.today)

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        self.hours.errors, self.windows = [], []
        if self.kind.data == "hours":
            try:
                self.windows = self._windows()
            except ValueError as error:
                self.hours.errors = [str(error)]
        return not self.errors

    def _windows(self) -> list[dict[str, str]]:
        found = pairs_of(self.hours)
        if not found:
            raise ValueError("Enter the hours of this date, or say that you are not available.")
        return [{"start": starts, "end": ends} for starts, ends in found]


class DatesForm(FlaskForm):
    """From one date to another, both included; `taken` are the stretches it must not touch."""

    first = DateField("First day", validators=[InputRequired("Choose a date.")])
    last = DateField("Last day", validators=[InputRequired("Choose a date.")])

    today: date
    taken: Sequence[tuple[date, date]] = ()
    overlap = "These dates overlap others. Remove those first."

    def validate_last(self, field: DateField) -> None:
        first, last = self.first.data, field.data
        if first is None or last is None:
            return
        _ahead(field, self.today)
        if last < first:
            raise ValidationError("The last day is before the first.")
        if last - first > LONGEST_STAY:
            raise ValidationError("Choose a year at most.")
        if any(first <= end and begin <= last for begin, end in self.taken):
            raise ValidationError(self.overlap)


class AbsenceForm(DatesForm):
    """Out of office, and who stands in: an id, or '' for nobody."""

    substitute = SelectField(
        "Who stands in",
        validators=[Optional()],
        description="Meetings on these days go to them where they are free.",
    )
    note = StringField("Note", validators=[Optional(), Length(max=120), one_line],
                       description="Only you and the firm see it.")  # fmt: skip
    overlap = "You are out of office on some of these days already."


class TravelForm(DatesForm):
    """On these dates the hours are those of another zone's clock."""

    time_zone = ZoneField("Time zone there", validators=[InputRequired("Choose a zone.")])
    overlap = "You are somewhere else on some of these days already."


def _ahead(field: DateField, today: date) -> None:
    if field.data and not (today <= field.data and field.data.year < FIRST_YEAR_BEYOND):
        raise ValidationError("Choose a date from today on, before 2100.")
