"""The forms of what stands on a client's invoices, and who gets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Email, Length, Optional, ValidationError

from webapp.accounts.models import Company
from webapp.accounts.tax_ids import BY_COUNTRY, KINDS, normal
from webapp.plain_text import name_field, one_line, stripped
from webapp.postal_code_field import check_postal_code, postal_code_field


class DetailsForm(FlaskForm):
    name = name_field("Company name", "Enter the company's name.")
    address = TextAreaField(
        "Address on invoices", [Optional(), Length(max=400)], filters=[stripped]
    )
    postal_code = postal_code_field()
    purchase_order = StringField(
        "Your order number",
        [Optional(), Length(max=140), one_line],
        filters=[stripped],
        description="It is printed on every invoice from now on.",
    )

    def __init__(self, country: str, *args: Any, **kwargs: Any) -> None:
        """country: the company's, which only the firm changes."""
        super().__init__(*args, **kwargs)
        self._country = country

    def validate_postal_code(self, field: StringField) -> None:
        check_postal_code(field, self._country)


class ContactForm(FlaskForm):
    """Who invoices, receipts and reminders go to."""

    contact_name = name_field("Their name", "Enter their name.")
    contact_email = EmailField(
        "Their e-mail", [DataRequired("Enter their e-mail address."), Email(), Length(max=254)]
    )

    def __init__(self, taken_by_others: Callable[[str], bool], *args: Any, **kwargs: Any) -> None:
        """taken_by_others: whether an address belongs to an account outside the company."""
        super().__init__(*args, **kwargs)
        self._taken = taken_by_others

    def validate_contact_email(self, field: EmailField) -> None:
        if field.data and self._taken(field.data):
            raise ValidationError("That address has an account already: please write to us.")


class TaxIdForm(FlaskForm):
    """A number by which a tax office knows the company; checked, and kept as Stripe writes it."""

    kind = SelectField("Kind", choices=[(kind, known.label) for kind, known in KINDS.items()])
    value = StringField(
        "Number", [DataRequired("Type the number."), Length(max=40), one_line], filters=[stripped]
    )

    @classmethod
    def blank(cls, company: Company) -> Self:
        """To be filled in, with the kind that companies of its country have."""
        return cls(formdata=None, kind=BY_COUNTRY.get(company.country))

    def validate_value(self, field: StringField) -> None:
        if self.kind.data not in KINDS:
            return
        try:
            field.data = normal(self.kind.data, field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from error
