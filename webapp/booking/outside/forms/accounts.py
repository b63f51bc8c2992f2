"""Forms of outside accounts."""

from __future__ import annotations

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, PasswordField, RadioField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length

from webapp.booking.outside.models import OutsideAccount
from webapp.plain_text import one_line, stripped

NOWHERE = ""


class CalDavForm(FlaskForm):
    """An account on a calendar server, as its owner knows it."""

    address = StringField(
        "Address of the server",
        [DataRequired("Enter the server's address."), Length(max=500), one_line],
        filters=[stripped],
        description="Such as https://caldav.fastmail.com. Your domain or e-mail may do.",
    )
    username = StringField(
        "User name",
        [DataRequired("Enter your user name."), Length(max=254), one_line],
        filters=[stripped],
    )
    password = PasswordField(
        "Password",
        [DataRequired("Enter the password."), Length(max=500)],
        description="If you can, make one for this alone (an app password). It is kept encrypted.",
    )


class CalendarsForm(FlaskForm):
    """Which of an account's calendars count, and which one our meetings go into."""

    read = SelectMultipleField("Calendars whose busy time counts")
    write = RadioField("Calendar that your meetings are written into", default=NOWHERE)

    @classmethod
    def of(cls, account: OutsideAccount, sent: MultiDict[str, str] | None = None) -> CalendarsForm:
        """As the account is used now, or as it was sent: nothing ticked is an answer too."""
        used = account.calendars
        now = {
            "read": [calendar.address for calendar in used if calendar.reads],
            "write": next((one.address for one in used if one.writes), NOWHERE),
        }
        form = cls(formdata=sent, data=now)
        form.read.choices = [(found["address"], found["name"]) for found in account.found]
        form.write.choices = [
            *((found["address"], found["name"]) for found in account.found if found["writable"]),
            (NOWHERE, "None"),
        ]
        return form


class LeaveForm(FlaskForm):
    """with_copies: our meetings ahead go out of the calendar first."""

    with_copies = BooleanField("Take the meetings ahead out of it", default=True)
