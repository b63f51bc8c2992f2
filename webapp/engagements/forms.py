"""Forms of the engagements room."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import (
    DataRequired,
    Email,
    InputRequired,
    Length,
    Optional,
    ValidationError,
)

from webapp.accounts.models import Company, Person
from webapp.accounts.tax_ids import of_country
from webapp.countries import countries
from webapp.engagements.models import Draft
from webapp.plain_text import has_letter, name_field, one_line, ordinary_text, stripped
from webapp.postal_code_field import (
    check_postal_code,
    decides_on_tax,
    postal_code_field,
)
from webapp.zone_field import ZoneField

FULL_ADDRESS = "Enter a full e-mail address, such as ana@example.com."


class DetailsForm(FlaskForm):
    """Who books; what is known already is taken out of the form before it is shown or read."""

    company_name = name_field("Company’s legal name", "Enter the company’s name.", 200)
    country = SelectField(
        "Country",
        [InputRequired("Choose the country.")],
        choices=[("", "Choose…"), *countries()],
    )
    time_zone = ZoneField(description="Meetings and invoices follow this clock.")
    address = TextAreaField(
        "Billing address",
        [DataRequired("Enter the address for invoices."), Length(max=500), ordinary_text],
        filters=[stripped],
        render_kw={"rows": 3},
    )
    postal_code = postal_code_field()
    tax_number = StringField(
        "VAT or tax number",
        [Optional(), Length(max=40), one_line],
        filters=[stripped],
        description="If the company has one: it stands on the invoices.",
    )
    purchase_order = StringField(
        "Purchase-order number",
        [Optional(), Length(max=60), one_line],
        filters=[stripped],
        description="If your invoices need one.",
    )
    contact_name = name_field("Name", "Enter a name.")
    contact_email = EmailField(
        "E-mail",
        [DataRequired("Enter an e-mail address."), Length(max=254), Email(FULL_ADDRESS)],
        filters=[stripped],
        description="Invitations, invoices and the sign-in link go there.",
    )
    contact_phone = TelField("Phone", [Optional(), Length(max=40), one_line], filters=[stripped])

    _on_file = ""

    def validate_tax_number(self, field: StringField) -> None:
        """As the company's country has them; that one is asked for too where it is not known."""
        country = self._on_file or (self.country.data if self.country else "")
        if field.data and country:
            try:
                of_country(country, field.data)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    def validate_postal_code(self, field: StringField) -> None:
        country = self._on_file or (self.country.data if self.country else "")
        check_postal_code(field, country)

    def ask_only_unknown(self, company: Company | None, person: Person | None) -> None:
        """Take out what is on file for the company chosen and the client signed in."""
        if company:
            self._on_file = company.country
            del self.company_name, self.time_zone
            if company.tax_ids:
                del self.tax_number
            for name in ("country", "address"):
                if getattr(company, name):
                    delattr(self, name)
            if company.postal_code or (company.address and not decides_on_tax(company.country)):
                del self.postal_code
        if person:
            del self.contact_name, self.contact_email
            if person.phone:
                del self.contact_phone

    def draft(self, company: Company | None, person: Person | None) -> Draft:
        """What was typed, with what is on file."""
        typed = {name: field.data or "" for name, field in self._fields.items()}
        known: dict[str, str] = {}
        if company:
            known |= {"company_id": str(company.id), "company_name": company.name}
            known |= {"time_zone": company.time_zone}
        if person:
            known |= {"person_id": str(person.id), "contact_name": person.name}
            known |= {"contact_email": person.email}
        return Draft.of(typed | known)


class AgreementForm(FlaskForm):
    """text_hash: of the text that was on the page, so that nothing else can be accepted."""

    name = StringField(
        "Your full name",
        [DataRequired("Type your full name."), Length(min=2, max=120), one_line, has_letter],
        filters=[stripped],
        description="Typing it stands for your signature.",
    )
    accepted = BooleanField(
        "I have read the agreement and accept it for the company.",
        [InputRequired("Tick this to accept the agreement.")],
    )
    text_hash = HiddenField()


class KickoffForm(FlaskForm):
    notes = TextAreaField(
        "What was decided",
        [Optional(), Length(max=8000), ordinary_text],
        filters=[stripped],
        description="Decisions, who does what, by when. It goes to everybody who attended.",
        render_kw={"rows": 8},
    )
    waive = BooleanField("Go on without the steps that are still open")


class CancellationForm(FlaskForm):
    reason = TextAreaField(
        "Why?",
        [Optional(), Length(max=500), ordinary_text],
        filters=[stripped],
        render_kw={"rows": 3},
    )
    confirmed = BooleanField(
        "Cancel the engagement and call off the kick-off.",
        [InputRequired("Tick this to confirm that you want to cancel.")],
    )


SCORES = [
    ("5", "5: very well"),
    ("4", "4: well"),
    ("3", "3: so-so"),
    ("2", "2: not well"),
    ("1", "1: badly"),
]


class PulseForm(FlaskForm):
    score = RadioField(
        "How is it going?",
        [InputRequired("Choose one of the five.")],
        choices=SCORES,
    )
