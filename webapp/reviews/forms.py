"""What people say about reviews: what one came to, when it shall be, and the rule of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, ValidationError

from webapp.booking.picker.picking import value_of
from webapp.plain_text import ordinary_text, stripped
from webapp.reviews.explained import ordinal
from webapp.reviews.rule import (
    LAST,
    MOST_BUSINESS_DAYS,
    WEEKDAYS,
    DayOfMonth,
    MonthDay,
    NthBusinessDay,
    NthWeekday,
    Rule,
)
from webapp.zone_field import ZoneField
from webapp.zone_names import current


class SummaryForm(FlaskForm):
    summary = TextAreaField(
        "What it came to",
        [
            DataRequired("Write down what was decided."),
            Length(max=5000, message="Keep it to 5,000 characters."),
            ordinary_text,
        ],
        filters=[stripped],
        description="Value delivered, decisions, and each action with its owner and date. "
        "It goes to the sponsor as soon as you record it.",
        render_kw={"rows": 10, "maxlength": 5000},
    )


class TimeForm(FlaskForm):
    starts_at = RadioField("Time", [InputRequired("Choose a time.")])

    def offer(self, starts: Sequence[datetime]) -> None:
        """The times that may be chosen, in UTC."""
        self.starts_at.choices = [(value_of(at), value_of(at)) for at in starts]

    @property
    def chosen(self) -> datetime:
        """Only once validated: what was sent is then one of the choices."""
        return datetime.fromisoformat(self.starts_at.data)


DAY_OF_MONTH, NTH_WEEKDAY, NTH_BUSINESS_DAY = "day_of_month", "nth_weekday", "nth_business_day"
NO_DAY = "Give a day from 1 to 31."
KINDS = {
    DAY_OF_MONTH: "A day of the month",
    NTH_WEEKDAY: "A weekday",
    NTH_BUSINESS_DAY: "A business day",
}
KIND_HELP = {
    DAY_OF_MONTH: "Such as the 15th. In a shorter month its last day counts.",
    NTH_WEEKDAY: "Such as the 2nd Tuesday, or the last Friday.",
    NTH_BUSINESS_DAY: "Such as the 3rd, or the last, that is neither weekend nor holiday.",
}


class OfKind:
    """A field that counts for one kind of rule; for the others it may say anything."""

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(*args, **kwargs)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        if form.kind.data == self.kind:
            return bool(super().validate(form, extra_validators))  # type: ignore[misc]
        self.errors: list[str] = []
        return True


class DayField(OfKind, IntegerField):
    """1 to 31."""


class WhichField(OfKind, SelectField):
    """One of several."""


def _choices(labels: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in labels]


def _nths(*numbers: int) -> list[SelectChoice]:
    return _choices((number, ordinal(number).capitalize()) for number in (*numbers, LAST))


class RuleForm(FlaskForm):
    """A review's rule. Only the fields of the chosen kind count; the others keep what they say.

    seen: what saving would have changed when the page was shown.
    """

    kind = RadioField(
        "On", [InputRequired("Choose what it goes by.")], choices=_choices(KINDS.items())
    )
    day = DayField(
        "Day of the month", [InputRequired(NO_DAY), NumberRange(1, 31, NO_DAY)], kind=DAY_OF_MONTH
    )
    nth = WhichField("Which one", coerce=int, choices=_nths(1, 2, 3, 4), kind=NTH_WEEKDAY)
    weekday = WhichField(
        "Weekday", coerce=int, kind=NTH_WEEKDAY,
        choices=_choices((number, name.capitalize()) for number, name in enumerate(WEEKDAYS)),
    )  # fmt: skip
    business_day = WhichField(
        "Which business day", coerce=int, kind=NTH_BUSINESS_DAY,
        choices=_nths(*range(1, MOST_BUSINESS_DAYS + 1)),
    )  # fmt: skip
    at = TimeField("Begins at", [InputRequired("Say when it begins, such as 10:00.")])
    time_zone = ZoneField(description="Its clock counts, summer and winter.")
    seen = HiddenField()

    class Meta:
        # A look at what a rule would do is asked for by address; forms that act carry their token.
        csrf = False

    def offer_zones(self, rule: Rule, on: date) -> None:
        """Every zone with its offset on that date, and whatever is asked for, if there is such."""
        self.time_zone.offer(on, [rule.time_zone])

    def show(self, rule: Rule) -> None:
        """Fill in a rule."""
        self.at.data, self.time_zone.data = rule.at, current(rule.time_zone)
        self.day.data, self.nth.data, self.weekday.data, self.business_day.data = 1, LAST, 4, LAST
        match rule.on:
            case DayOfMonth(day):
                self.kind.data, self.day.data = DAY_OF_MONTH, day
            case NthWeekday(nth, weekday):
                self.kind.data, self.nth.data, self.weekday.data = NTH_WEEKDAY, nth, weekday
            case NthBusinessDay(nth):
                self.kind.data, self.business_day.data = NTH_BUSINESS_DAY, nth

    def validate_at(self, field: Field) -> None:
        if field.data and field.data.second:
            raise ValidationError("Give whole minutes, such as 10:00.")

    @property
    def rule(self) -> Rule:
        """What was entered; the form is valid."""
        return Rule(self._on, self.at.data, self.time_zone.data)

    @property
    def _on(self) -> MonthDay:
        if self.kind.data == DAY_OF_MONTH:
            return DayOfMonth(self.day.data)
        if self.kind.data == NTH_WEEKDAY:
            return NthWeekday(self.nth.data, self.weekday.data)
        return NthBusinessDay(self.business_day.data)
