"""What people say about a review: what it came to, or when it shall be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from webapp.booking.picking import value_of
from webapp.plain_text import ordinary_text, stripped


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
