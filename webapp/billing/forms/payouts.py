"""Forms about the consultants' shares."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from flask import request
from flask_wtf import FlaskForm
from wtforms import IntegerField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from webapp.engagements.models import Assignment
from webapp.plain_text import ordinary_text, stripped

PERCENT = [InputRequired("Enter a whole percentage."), NumberRange(0, 100)]


class UsualShareForm(FlaskForm):
    """What a consultant gets where nothing else is agreed."""

    share_percent = IntegerField("Usual share, percent", PERCENT)


class SharesForm(FlaskForm):
    """The reason; the percentages of a team are fields beside it, one for each consultant."""

    reason = TextAreaField(
        "Why",
        [DataRequired("Say why."), Length(max=500), ordinary_text],
        filters=[stripped],
        description="Kept with the change; consultants do not see it.",
    )


class Percents:
    """A team's percentages as typed, with what is wrong with each."""

    def __init__(self, team: Sequence[Assignment]) -> None:
        self.team = team
        self.errors: dict[uuid.UUID, str] = {}
        self.typed = {row.id: str(row.share_percent) for row in team}
        if request.method == "POST":
            self.typed = {row.id: request.form.get(self.name(row), "").strip() for row in team}

    @staticmethod
    def name(row: Assignment) -> str:
        return f"share-{row.id}"

    @property
    def values(self) -> Mapping[uuid.UUID, int]:
        return {key: int(text) for key, text in self.typed.items()}

    def validate(self) -> bool:
        for key, text in self.typed.items():
            if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100):
                self.errors[key] = "A whole number from 0 to 100."
        if not self.errors and sum(self.values.values()) > 100:
            most = max(self.values, key=lambda key: self.values[key])
            self.errors[most] = "Together they may be 100 at most."
        return not self.errors
