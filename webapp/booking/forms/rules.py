"""The form of the rules around a meeting: lengths of time to choose from, none to be typed."""

from __future__ import annotations

from functools import lru_cache

import holidays as public
from babel import Locale
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField
from wtforms.validators import NumberRange, Optional

from webapp.booking.models import CalendarRules
from webapp.catalog.models import Consultant

HOUR = 60
DAY = 24 * HOUR
STEPS = (15, 20, 30, 45, 60, 90, 120)
ROOMS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
NOTICES = (
    0,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
)
HORIZONS = (14, 30, 60, 90, 120, 180, 365)
CHOSEN = (
    "step",
    "buffer_before",
    "buffer_after",
    "minimum_notice",
    "horizon_days",
    "change_notice",
)
LIMITS = ("per_day", "per_week")
WRONG = "Choose one of those in the list."


def length(minutes: int) -> str:
    """'None', '45 minutes', '4 hours', '2 days'."""
    if not minutes:
        return "None"
    for size, name in ((DAY, "day"), (HOUR, "hour"), (1, "minute")):
        if not minutes % size:
            count = minutes // size
            return f"{count} {name}" + ("s" if count > 1 else "")
    raise AssertionError(minutes)


def _choose(label: str, help_text: str = "") -> SelectField:
    return SelectField(label, coerce=int, description=help_text)


def _limit(label: str, most: int) -> IntegerField:
    message = f"Enter a whole number from 1 to {most}."
    checks = [Optional(), NumberRange(1, most, message)]
    return IntegerField(label, validators=checks, description="Leave empty for no limit.")


class RulesForm(FlaskForm):
    """Minutes around a meeting, how far ahead one may book, and whose holidays are kept."""

    step = _choose("A start every")
    country = SelectField("Public holidays of")
    buffer_before = _choose("Room before a meeting")
    buffer_after = _choose("Room after a meeting")
    minimum_notice = _choose("Notice", "Between booking and the first start.")
    horizon_days = _choose("Open ahead", "Counted from today.")
    per_day = _limit("Meetings a day at most", 24)
    per_week = _limit("Meetings a week at most", 100)
    change_notice = _choose(
        "Clients move or cancel until", "Before the start; you and the firm always may."
    )

    @classmethod
    def of(cls, rules: CalendarRules, consultant: Consultant, sent: bool = False) -> RulesForm:
        """Filled as things stand, or with what was `sent`; a value of old stays on the list."""
        now = {name: getattr(rules, name) for name in (*CHOSEN, *LIMITS)}
        data = now | {"country": consultant.country}
        form = cls(data=data) if sent else cls(formdata=None, data=data)
        for name, usual in _usual().items():
            form[name].choices = [
                (value, _written(name, value)) for value in sorted({*usual, now[name]})
            ]
        form.country.choices = [("", "No public holidays"), *_countries(consultant.country)]
        return form

    def apply(self, rules: CalendarRules, consultant: Consultant) -> None:
        for name in (*CHOSEN, *LIMITS):
            setattr(rules, name, self[name].data)
        consultant.country = self.country.data


def _usual() -> dict[str, tuple[int, ...]]:
    return {
        "step": STEPS, "buffer_before": ROOMS, "buffer_after": ROOMS, "minimum_notice": NOTICES,
        "horizon_days": HORIZONS, "change_notice": NOTICES,
    }  # fmt: skip


def _written(name: str, value: int) -> str:
    if name == "horizon_days":
        return length(value * DAY)
    if name == "change_notice":
        return f"{length(value)} before" if value else "The start"
    return length(value)


@lru_cache
def _countries(kept: str) -> list[tuple[str, str]]:
    """Countries whose holidays are known, by name; what a consultant has stays on the list."""
    names = Locale("en").territories
    known = {code: names[code] for code in public.list_supported_countries() if code in names}
    if kept and kept not in known:
        known[kept] = kept
    return sorted(known.items(), key=lambda country: country[1])
