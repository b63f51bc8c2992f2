"""How long before each meeting a person is reminded."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp import audit
from webapp.access import SIGNED_IN, allow
from webapp.booking.forms.changes import RemindersForm
from webapp.booking.models import Reminder
from webapp.booking.views.calendars import calendar_page
from webapp.booking.views.meetings import reader
from webapp.booking.views.room import blueprint


@blueprint.post("/calendar/reminders")
@allow(SIGNED_IN)
def set_reminders() -> ResponseReturnValue:
    """From now on, for all meetings ahead."""
    form = RemindersForm()
    if not form.validate():
        return calendar_page(form), 422
    Reminder.choose(reader(), form.offsets.data or ())
    audit.record("calendar.reminders_set", reader(), minutes=form.offsets.data)
    flash("Saved. It counts for every meeting ahead.", "good")
    return redirect(url_for("booking.calendar"), 303)
