"""The form of what stands on a client's invoices, and who gets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import DataRequired, Email, Length, Optional, ValidationError

from webapp.plain_text import has_letter, one_line, stripped


class DetailsForm(FlaskForm):
    name = StringField(
        "Company name",
        [DataRequired("Enter the company's name."), Length(max=120), one_line, has_letter],
        filters=[stripped],
    )
    address = TextAreaField(
        "Address on invoices", [Optional(), Length(max=400)], filters=[stripped]
    )
    purchase_order = StringField(
        "Your order number",
        [Optional(), Length(max=140), one_line],
        filters=[stripped],
        description="It is printed on every invoice from now on.",
    )


class ContactForm(FlaskForm):
    """Who invoices, receipts and reminders go to."""

    contact_name = StringField(
        "Their name",
        [DataRequired("Enter their name."), Length(max=120), one_line, has_letter],
        filters=[stripped],
    )
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
