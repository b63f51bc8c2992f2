"""What the lists and exports of money are narrowed by; it travels in the address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from dateutil.relativedelta import relativedelta
from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional, Regexp, ValidationError

from webapp.billing.states import STATES

MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")


def month_field(label: str) -> StringField:
    """A month as browsers send it; typed, where a browser has no such field."""
    as_month = Regexp(MONTH.pattern + "$", message="Write the month as 2026-11.")
    return StringField(label, [Optional(), as_month], render_kw={"type": "month"})


class InvoiceFilter(FlaskForm):  # type: ignore[misc]
    class Meta:
        csrf = False

    q = StringField("Client", [Length(max=100)])
    state = SelectField("State", validate_choice=False)
    month = month_field("Month")
    currency = SelectField("Currency", validate_choice=False)

    @classmethod
    def of_request(cls, currencies: Iterable[str]) -> InvoiceFilter:
        form: InvoiceFilter = cls(formdata=request.args)
        form.state.choices = [
            ("", "all"),
            *((one.key, one.word.lower()) for one in STATES.values()),
        ]
        form.currency.choices = [("", "all"), *((code, code) for code in currencies)]
        return form


class ExportForm(FlaskForm):  # type: ignore[misc]
    """A table, or the journal, of whole months."""

    class Meta:
        csrf = False

    kind = RadioField(
        "What",
        choices=[
            ("invoices", "Invoices"), ("lines", "Invoice lines"), ("payments", "Payments"),
            ("refunds", "Refunds"), ("credit_notes", "Credit notes"), ("fees", "Stripe's fees"),
            ("payouts", "Consultants' shares"), ("journal", "Journal (beancount)"),
        ],
    )  # fmt: skip
    first = month_field("From")
    last = month_field("To")

    @classmethod
    def of_request(cls, today: date) -> ExportForm:
        """This month's invoices, unless something is asked for."""
        form: ExportForm = cls(formdata=request.args if request.args else None)
        if not request.args:
            form.kind.data = "invoices"
        form.first.data = form.first.data or f"{today:%Y-%m}"
        form.last.data = form.last.data or form.first.data
        return form

    def validate_last(self, field: Field) -> None:
        if MONTH.fullmatch(self.first.data or "") and field.data < self.first.data:
            raise ValidationError("Choose a month that is not before the first.")

    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        first, last = (
            date.fromisoformat(f"{month}-01") for month in (self.first.data, self.last.data)
        )
        return first, last + relativedelta(months=1, days=-1)
