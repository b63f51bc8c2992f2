"""A code for a reduction, as the firm makes it."""

from __future__ import annotations

from decimal import Decimal

from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional, Regexp, ValidationError

from webapp import clock
from webapp.amount_field import AmountField
from webapp.billing.models import Coupon
from webapp.firm.forms import CURRENCIES
from webapp.money import Money, decimals

LENGTHS = (("first", "The first month"), ("months", "So many months"), ("always", "Every month"))


def spelled(value: str | None) -> str:
    return (value or "").strip().upper()


class CouponForm(FlaskForm):  # type: ignore[misc]
    code = StringField(
        "Code",
        [
            DataRequired("What do clients type?"),
            Length(3, 30),
            Regexp(r"[A-Z0-9-]+\Z", message="Use letters, digits and hyphens."),
        ],
        filters=[spelled],
        description="Clients type it on the page where they pay.",
    )
    off = SelectField("Takes off", choices=[("percent", "A percentage"), ("amount", "An amount")])
    percent = IntegerField("Percent", [Optional(), NumberRange(1, 100)])
    amount = AmountField("Amount, a month", [Optional(), NumberRange(Decimal("0.01"), 1_000_000)])
    currency = SelectField("Currency of the amount", choices=CURRENCIES)
    length = SelectField("For", choices=LENGTHS)
    months = IntegerField("How many months", [Optional(), NumberRange(2, 24)])
    last_on = DateField("Last day to use it", [Optional()])
    most_uses = IntegerField("How often at most", [Optional(), NumberRange(1, 10_000)])

    def validate_code(self, field: StringField) -> None:
        if Coupon.with_code(field.data):
            raise ValidationError("This code exists already, perhaps ended. Choose another.")

    def validate_last_on(self, field: DateField) -> None:
        if field.data and field.data < clock.now().date():
            raise ValidationError("That day has passed.")

    def validate(self, extra_validators: object = None) -> bool:
        good = super().validate(extra_validators)
        wanted = self.percent if self.off.data == "percent" else self.amount
        if wanted.data is None and not wanted.errors:
            wanted.errors = ["How much does it take off?"]
        if self.length.data == "months" and not self.months.data and not self.months.errors:
            self.months.errors = ["For how many months?"]
        self._whole_minor_units()
        return good and not any(field.errors for field in self)

    def _whole_minor_units(self) -> None:
        if self.off.data != "amount" or self.amount.errors:
            return
        try:
            Money.of(self.amount.data or 0, self.currency.data)
        except ValueError:
            self.amount.errors = [f"At most {decimals(self.currency.data)} digits after the point."]

    def coupon(self) -> Coupon:
        """The code as typed; what is not asked for by the choices is left out."""
        months = {"first": 1, "months": self.months.data, "always": None}[self.length.data]
        made = Coupon(code=self.code.data, months=months, last_on=self.last_on.data,
                      most_uses=self.most_uses.data)  # fmt: skip
        if self.off.data == "percent":
            made.percent = self.percent.data
        else:
            made.currency = self.currency.data
            made.amount_minor = Money.of(self.amount.data or 0, self.currency.data).minor
        return made
