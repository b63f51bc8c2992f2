"""Forms of changes: another plan, a pause, notice, and the answer to a request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from webapp.catalog.models import Offering
from webapp.engagements.models import Engagement
from webapp.plain_text import ordinary_text, stripped
from webapp.web import format_day, format_money

AT_ONCE, NEXT_MONTH = "now", "next"


def _text(label: str, required: str = "", description: str = "", rows: int = 3) -> TextAreaField:
    first = DataRequired(required) if required else Optional()
    return TextAreaField(
        label,
        [first, Length(max=500), ordinary_text],
        filters=[stripped],
        description=description,
        render_kw={"rows": rows},
    )


class PlanForm(FlaskForm):
    offering = RadioField("Plan", [InputRequired("Choose a plan.")])
    start = RadioField("From when", [InputRequired("Choose when it begins.")])

    def offer(
        self, engagement: Engagement, plans: Iterable[Offering], at_once: bool = True
    ) -> None:
        """The plans there are, and the days on which one may begin."""
        self.offering.choices = [(str(plan.id), _described(plan)) for plan in plans]
        following = engagement.month_after(engagement.today)
        today = (AT_ONCE, "At once: the days left of this month are charged or credited")
        self.start.choices = [
            (NEXT_MONTH, f"From the next month, {format_day(following)}"),
            *([today] if at_once else []),
        ]

    def starts_on(self, engagement: Engagement) -> date:
        today = engagement.today
        return today if self.start.data == AT_ONCE else engagement.month_after(today)


def _described(plan: Offering) -> str:
    return f"{plan.name}: {format_money(plan.price)} a month"


class ConfirmPlanForm(FlaskForm):
    """For the firm, which says why."""

    reason = _text("Why?", "Say why, for the record.", "It stands in the mail to both sides.")


class AskForm(FlaskForm):
    """For a sponsor, who asks."""

    reason = _text("Anything we should know?", description="Your coordinator reads it.")


class PauseForm(FlaskForm):
    starts = DateField(
        "First day of the pause",
        [InputRequired("Choose the first day.")],
        description="Today, or a week from now at the earliest.",
    )
    ends = DateField(
        "Day on which work resumes",
        [InputRequired("Choose the day on which work resumes.")],
        description="Three months later at most.",
    )
    reason = _text("Why?", "Say why.", "It stands in the mail to both sides.")


class NoticeForm(FlaskForm):
    ends_on = RadioField("It ends on", [InputRequired("Choose the date.")])
    reason = _text("Why?", description="It stands in the mail to both sides; you need not say.")
    confirmed = BooleanField(
        "Give notice: the engagement ends on that date.",
        [InputRequired("Tick this to confirm that notice is given.")],
    )

    def offer(self, engagement: Engagement) -> None:
        days = engagement.end_dates
        self.ends_on.choices = [(day.isoformat(), format_day(day)) for day in days]


class UndoForm(FlaskForm):
    reason = _text("Why?", "Say why, for the record.", "It stands in the mail to both sides.")


class DeclineForm(FlaskForm):
    reason = _text("Why not?", "Say why: it is sent to whoever asked.")
