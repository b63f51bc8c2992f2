"""Forms with which a meeting is moved, called off or marked, and reminders are set."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.booking.forms.slots import SlotForm
from webapp.booking.models.reminder import OFFSETS
from webapp.plain_text import one_line, stripped

LEADS = {
    15: "15 minutes",
    60: "1 hour",
    180: "3 hours",
    1440: "1 day",
    2880: "2 days",
    10080: "1 week",
}


class SeenForm(FlaskForm):
    """sequence: how the page showed the meeting, so that nobody undoes another's move unseen."""

    sequence = HiddenField()

    @property
    def seen(self) -> int | None:
        sent = str(self.sequence.data or "")
        return int(sent) if sent.isdecimal() and len(sent) < 10 else None


class AnotherTimeForm(SlotForm, SeenForm):
    """A time from the picker for a meeting that has one."""


class CancelForm(SeenForm):
    reason = StringField(
        "Why",
        [Optional(), Length(max=200, message="Keep it to 200 characters."), one_line],
        filters=[stripped],
        description="Goes to everyone who was to attend.",
    )


class MissedForm(FlaskForm):
    side = RadioField("Who did not come?", [InputRequired("Say who did not come.")])


class RemindersForm(FlaskForm):
    offsets = SelectMultipleField(
        "Remind me before each meeting",
        coerce=int,
        choices=[SelectChoice(minutes, LEADS[minutes]) for minutes in OFFSETS],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        description="Tick as many as you like; none ticked means no reminders.",
    )
