"""What the firm keeps of a client company: billing details, net days."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from webapp.accounts.models import Company
from webapp.countries import countries
from webapp.plain_text import name_field, one_line, ordinary_text, stripped
from webapp.postal_code_field import check_postal_code, postal_code_field

LONGEST_NET_DAYS = 90


class CompanyForm(FlaskForm):  # type: ignore[misc]
    name = name_field("Name", "Give its name.")
    country = SelectField("Country", choices=[("", "Not known"), *countries()])
    address = TextAreaField("Billing address", [Length(max=500), ordinary_text], filters=[stripped])
    postal_code = postal_code_field()
    purchase_order = StringField(
        "Their order number",
        [Length(max=140), one_line],
        filters=[stripped],
        description="Printed on every invoice.",
    )
    net_days = IntegerField(
        "Pays by invoice, within days",
        [Optional(), NumberRange(1, LONGEST_NET_DAYS)],
        description="Empty: by card or bank debit. New bookings follow it; what runs stays.",
    )

    def validate_postal_code(self, field: StringField) -> None:
        check_postal_code(field, self.country.data)

    def apply(self, company: Company) -> dict[str, list[object]]:
        """Write it down; what changed, as {field: [before, after]}."""
        changed: dict[str, list[object]] = {}
        for field in self:
            before = getattr(company, field.name, None)
            if field.name != "csrf_token" and before != field.data:
                changed[field.name] = [before, field.data]
                setattr(company, field.name, field.data)
        return changed
