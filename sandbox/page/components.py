"""Every component of the design language on one page."""

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    EmailField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Email, InputRequired, Length, Optional

from webapp import clock
from webapp.booking.picker import picking
from webapp.booking.picker.picking import Month
from webapp.money import Money
from webapp.web import chosen_zone

blueprint = Blueprint("components", __name__)

ROLES = [
    SelectChoice("coo", "COO"),
    SelectChoice("integrator", "Integrator"),
    SelectChoice("both", "Both"),
]
INDUSTRIES = [
    SelectChoice("", "Choose one"),
    SelectChoice("making", "Manufacturing"),
    SelectChoice("software", "Software"),
]
DUTIES = [
    SelectChoice("people", "Aligning the leadership team"),
    SelectChoice("numbers", "Numbers to steer by"),
]
EMPTY: MultiDict[str, str] = MultiDict()
BADLY_FILLED_IN: MultiDict[str, str] = MultiDict(
    {"company": "", "email": "someone at example", "message": "Too short", "role": "owner"}
)


class ShowroomForm(FlaskForm):  # type: ignore[misc]
    """A field of every kind; nothing is done with what is entered."""

    company = StringField("Company", [InputRequired("Enter the company’s name.")])
    email = EmailField("E-mail", [Email("Enter an address such as name@company.com.")])
    industry = SelectField("Industry", [Optional()], choices=INDUSTRIES)
    budget = DecimalField("Budget", [Optional()])
    starts_on = DateField("First day", [Optional()])
    starts_at = TimeField("Time", [Optional()])
    role = RadioField("Role", choices=ROLES)
    duties = SelectMultipleField("Duties", [Optional()], choices=DUTIES)
    message = TextAreaField("What should change?", [Length(min=20, message="A sentence or two.")])
    accepted = BooleanField("I accept the agreement", [InputRequired("Tick this to go on.")])


@blueprint.get("/components")
def showroom() -> ResponseReturnValue:
    wrong = ShowroomForm(BADLY_FILLED_IN, prefix="wrong-", meta={"csrf": False})
    wrong.validate()
    return render_template(
        "components_page.html",
        form=ShowroomForm(EMPTY, meta={"csrf": False}),
        wrong=wrong,
        price=Money(480_000, "USD"),
        now=clock.now(),
        month=sample_month(),
    )


def sample_month() -> Month:
    """Three weeks of working days, as an address with ?day= and ?zone= asks for them."""
    zone = chosen_zone() or "America/New_York"
    today = datetime.combine(clock.now().date(), time(14), UTC)
    weekdays = [at for ahead in range(1, 22) if (at := today + timedelta(ahead)).weekday() < 5]
    starts = [at + timedelta(minutes=45 * step) for at in weekdays for step in range(at.day % 9)]
    days = picking.by_date(starts, zone)
    shown = picking.day(request.args.get("day")) or next(iter(days))
    chosen = picking.instant(request.args.get("slot", "")) or days.get(shown, [None])[-1]
    return Month(zone, days, shown, clock.now().date(), chosen, ["Europe/London"])
