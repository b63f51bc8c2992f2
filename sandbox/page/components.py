"""Every component of the design language on one page."""

from flask import Blueprint, render_template
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
from webapp.money import Money

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
    )
