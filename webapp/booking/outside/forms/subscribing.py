"""The form that connects a calendar by its address."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from webapp.plain_text import has_letter, one_line, stripped


class SubscribeForm(FlaskForm):
    name = StringField(
        "Name",
        filters=[stripped],
        description="What you call it: Work, Family. Nobody but you reads it.",
        validators=[
            DataRequired("Give it a name, so that you know it from others."),
            Length(max=60, message="Use 60 characters at most."),
            one_line,
            has_letter,
        ],
    )
    address = StringField(
        "Address",
        filters=[stripped],
        description="It begins with https:// or webcal:// and often ends in .ics. We keep it "
        "encrypted and never show it again.",
        validators=[
            DataRequired("Paste the calendar’s address."),
            Length(max=2000, message="That is too long to be an address."),
        ],
    )

    def refuse(self, message: str) -> None:
        """What the server behind the address said, beside it."""
        self.address.errors = [*self.address.errors, message]
