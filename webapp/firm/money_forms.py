"""What the lists and exports of money are narrowed by; it travels in the address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import request
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional, Regexp

STATES = ("open", "paid", "void", "uncollectible")
MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")
WORDS = {"open": "open", "overdue": "overdue", "paid": "paid", "void": "void",
         "uncollectible": "written off"}  # fmt: skip


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
        form.state.choices = [("", "all"), *WORDS.items()]
        form.currency.choices = [("", "all"), *((code, code) for code in currencies)]
        return form
