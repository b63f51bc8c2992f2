"""Forms of the back office. Money is typed in major units and kept in minor ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DecimalField,
    EmailField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import (
    DataRequired,
    Email,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    ValidationError,
)
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.amount_field import AmountField
from webapp.catalog.models import KINDS, ROLE_LABELS, ROLES, Consultant, Offering
from webapp.countries import countries
from webapp.money import Money, decimals
from webapp.plain_text import name_field, one_line, ordinary_text, stripped
from webapp.zone_field import ZoneField

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY")
AMOUNTS = ("price", "deposit", "diagnostic_fee", "overage_rate")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
MEETING_SCHEMES = {"http", "https", "tel"}


def reachable(_form: FlaskForm, field: Field) -> None:
    """A place, a number or a link; a link of another kind could be one that runs a script."""
    scheme = SCHEME.match(field.data or "")
    if scheme and scheme[1].lower() not in MEETING_SCHEMES:
        raise ValidationError("Begin a link with https:// and a phone number with tel: or +.")


class OfferingForm(FlaskForm):
    name = name_field("Name", "Give it a name.")
    role = SelectField("Role", choices=[(role, ROLE_LABELS[role]) for role in ROLES])
    kind = SelectField("Kind", choices=[(kind, kind.capitalize()) for kind in KINDS])
    summary = StringField(
        "Summary",
        [DataRequired("Say it in a sentence."), Length(max=240), one_line],
        filters=[stripped],
    )
    description = TextAreaField("Description", [Length(max=5000), ordinary_text])
    days_per_month = IntegerField("Days a month", [InputRequired(), NumberRange(1, 22)])
    weeks = IntegerField(
        "Length in weeks", [Optional(), NumberRange(1, 26)], description="For a diagnostic."
    )
    currency = SelectField("Currency", choices=CURRENCIES)
    price = AmountField("Price", [InputRequired(), NumberRange(Decimal("0.01"), 1_000_000)])
    deposit = AmountField("Deposit", [Optional(), NumberRange(0, 1_000_000)], default=Decimal(0))
    diagnostic_fee = AmountField(
        "Diagnostic fee",
        [Optional(), NumberRange(0, 1_000_000)],
        default=Decimal(0),
        description="Paid once with a retainer’s first month, for the look at the company.",
    )
    overage_rate = AmountField(
        "Overage, an hour", [Optional(), NumberRange(0, 10_000)], default=Decimal(0)
    )
    minimum_months = IntegerField("Minimum term, months", [InputRequired(), NumberRange(1, 24)])
    notice_days = IntegerField("Notice, days", [InputRequired(), NumberRange(0, 180)])
    full_refund_days = IntegerField(
        "Full refund until, days before the kick-off", [InputRequired(), NumberRange(0, 90)]
    )
    late_refund_percent = IntegerField(
        "Refund after that, percent", [InputRequired(), NumberRange(0, 100)]
    )
    sold = BooleanField("Can be booked")

    def validate_weeks(self, field: IntegerField) -> None:
        if self.kind.data == "diagnostic" and not field.data:
            raise ValidationError("How many weeks does the diagnostic take?")

    def validate_price(self, field: DecimalField) -> None:
        self._whole_minor_units(field)

    def validate_deposit(self, field: DecimalField) -> None:
        self._whole_minor_units(field)

    def validate_diagnostic_fee(self, field: DecimalField) -> None:
        self._whole_minor_units(field)
        if field.data and self.kind.data == "diagnostic":
            raise ValidationError("A diagnostic is paid by its price; this fee is a retainer’s.")

    def validate_overage_rate(self, field: DecimalField) -> None:
        self._whole_minor_units(field)

    def _whole_minor_units(self, field: DecimalField) -> None:
        if field.errors:  # nothing that can be reckoned with, such as 1e999999
            return
        try:
            Money.of(field.data or 0, self.currency.data)
        except ValueError as error:
            places = decimals(self.currency.data)
            raise ValidationError(f"At most {places} digits after the point.") from error

    @classmethod
    def of(cls, offering: Offering) -> OfferingForm:
        return cls(obj=offering)

    def apply(self, offering: Offering) -> None:
        """Write the form onto an offering; what was sold before keeps its own terms."""
        for field in self:
            if field.name not in {*AMOUNTS, "csrf_token"}:
                setattr(offering, field.name, field.data)
        for name in AMOUNTS:
            amount = Money.of(self[name].data or 0, self.currency.data)
            setattr(offering, f"{name}_minor", amount.minor)
        offering.included_minutes = 0 if offering.kind == "diagnostic" else self._minutes()

    def _minutes(self) -> int:
        return int(self.days_per_month.data) * 8 * 60


class ConsultantForm(FlaskForm):
    name = name_field("Name", "Give their name.")
    email = EmailField(
        "E-mail",
        [DataRequired("Give their e-mail address."), Length(max=254), Email()],
        filters=[stripped],
    )
    headline = StringField(
        "Headline",
        [DataRequired("Say what they do."), Length(max=160), one_line],
        filters=[stripped],
    )
    about = TextAreaField("About", [Length(max=5000), ordinary_text])
    roles = SelectMultipleField(
        "Roles",
        [InputRequired("Choose at least one role.")],
        choices=[(role, ROLE_LABELS[role]) for role in ("coo", "integrator")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    industries = StringField(
        "Industries", [Length(max=300), one_line], description="Separated by commas."
    )
    languages = StringField(
        "Languages", [Length(max=300), one_line], description="Separated by commas."
    )
    time_zone = ZoneField()
    country = SelectField(
        "Country",
        choices=[("", "None"), *countries()],
        description="Its public holidays move reviews.",
    )
    days_per_month = IntegerField("Days a month", [InputRequired(), NumberRange(0, 31)])
    meeting_place = StringField(
        "Where meetings are",
        [
            DataRequired("A video link, a phone number or an address."),
            Length(max=300),
            one_line,
            reachable,
        ],
        filters=[stripped],
    )
    published = BooleanField("Shown to visitors")

    @classmethod
    def of(cls, consultant: Consultant) -> ConsultantForm:
        form: ConsultantForm = cls(obj=consultant)
        if not form.is_submitted():
            form.email.data = consultant.person.email
            form.industries.data = ", ".join(consultant.industries)
            form.languages.data = ", ".join(consultant.languages)
        return form

    def apply(self, consultant: Consultant) -> None:
        consultant.person.name = self.name.data
        consultant.person.email = self.email.data.lower()
        consultant.industries = words(self.industries.data)
        consultant.languages = words(self.languages.data)
        plain = ("headline", "about", "roles", "time_zone", "country", "days_per_month")
        for name in (*plain, "meeting_place", "published"):
            setattr(consultant, name, self[name].data)


def words(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


class SearchForm(FlaskForm):
    """What a list is narrowed by; it travels in the address, so it needs no token."""

    class Meta:
        csrf = False

    q = StringField("Search", [Length(max=100)])
    state = SelectField("State", validate_choice=False)

    @classmethod
    def over(cls, states: Iterable[str], counts: Mapping[str, int]) -> SearchForm:
        """With the states to choose from, and how many rows are in each."""
        form: SearchForm = cls(formdata=request.args)
        shown = [(state, f"{state.replace('_', ' ')} ({counts.get(state, 0)})") for state in states]
        form.state.choices = [("", "all"), *shown]
        return form
