"""The form by which money of an invoice is given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from webapp.amount_field import amount_from
from webapp.billing.returning.giving import Giving
from webapp.billing.returning.left import CARD, CREDIT, OUTSIDE, REDUCE
from webapp.money import Money
from webapp.plain_text import ordinary_text, stripped

MEANS = {
    CARD: "Back the way it was paid",
    CREDIT: "As credit for the next invoices",
    OUTSIDE: "Outside Stripe: we pay it back ourselves",
    REDUCE: "Less to pay on this invoice",
}
# Stripe's own codes: https://docs.stripe.com/api/credit_notes/object#credit_note_object-reason
REASONS = (
    ("", "Something else"),
    ("duplicate", "Charged twice"),
    ("order_change", "The order was changed"),
    ("product_unsatisfactory", "The work was not satisfactory"),
    ("fraudulent", "The client did not order it"),
)


class GiveBackForm(FlaskForm):
    """once: names this one decision, so that a form sent twice gives once."""

    amount = StringField("Amount", [DataRequired("Enter an amount.")], filters=[stripped])
    means = RadioField("How it is given", [InputRequired("Choose how it is given.")])
    reason = SelectField("Kind of reason", choices=REASONS)
    note = TextAreaField(
        "Why",
        [DataRequired("Say why."), Length(max=500), ordinary_text],
        filters=[stripped],
        description="The client reads it, in the mail and on the credit note.",
    )
    once = HiddenField()

    def __init__(self, left: Money, means: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        self.means.choices = [(one, MEANS[one]) for one in means]
        if not self.is_submitted() and means:
            self.means.data = means[0]

    def validate_amount(self, field: StringField) -> None:
        money = self.money
        if money is None:
            raise ValidationError(f"Enter an amount in {self.left.currency}, such as 99.50.")
        if money.minor <= 0:
            raise ValidationError("Enter more than nothing.")
        if money > self.left:
            raise ValidationError(f"At most {self.left.format()} is left of it.")

    @property
    def money(self) -> Money | None:
        """What was typed; None for what is no amount in this currency."""
        currency = self.left.currency
        try:
            return Money.of(amount_from(self.amount.data or "", currency), currency)
        except ValueError:
            return None

    def decision(self, by: str) -> Giving:
        """What the form says, once it is valid."""
        assert self.money is not None
        return Giving(self.money, self.means.data, self.reason.data or "", self.note.data or "",
                      by, self._name())  # fmt: skip

    def _name(self) -> uuid.UUID:
        try:
            return uuid.UUID(self.once.data or "")
        except ValueError:
            return uuid.uuid4()
