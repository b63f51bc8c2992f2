"""Forms of booking."""

from __future__ import annotations

import re
from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from webapp.booking.picker.picking import instant

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
