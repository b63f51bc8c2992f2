"""Forms about what is owed: the decision on arrears, one-off items, paid outside Stripe."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from webapp.amount_field import amount_from
from webapp.money import Money
from webapp.plain_text import name_field, one_line, stripped
from webapp.web import format_day

REASON = [DataRequired("Say why."), Length(max=500)]
MOST = 10_000_000_00


class GoOnForm(FlaskForm):
    reason = TextAreaField("Why the work goes on", REASON, filters=[stripped])


class PauseForm(FlaskForm):
    resumes_on = DateField("Paused until", [InputRequired("Enter the day on which work resumes.")])
    why = TextAreaField("Why it pauses", REASON, filters=[stripped])


class EndForm(FlaskForm):
    """The engagement ends because it is not paid: today, or with the month that is open."""

    ends_on = RadioField("It ends", [InputRequired("Choose the day on which it ends.")])
    because = TextAreaField(
        "Why it ends", REASON, filters=[stripped], description="The client reads this."
    )

    def offer(self, today: date, month_ends: date) -> None:
        self.ends_on.choices = [
            (today.isoformat(), f"Today, {format_day(today)}"),
            (month_ends.isoformat(), f"With the month, on {format_day(month_ends)}"),
        ]

    @property
    def offered(self) -> list[tuple[date, str]]:
        return [(date.fromisoformat(day), label) for day, label in self.ends_on.choices]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.ends_on.data)


class ElsewhereForm(FlaskForm):
    """Recording a payment that did not go through Stripe."""

    note = StringField(
        "How it was paid",
        [DataRequired("Say how and when it was paid."), Length(max=500), one_line],
        filters=[stripped],
        description="Such as: bank transfer of 12 March, reference 4711. It is kept for good.",
    )
    confirmed = BooleanField(
        "The whole amount has reached us", [InputRequired("Tick this once the money is there.")]
    )


class OneOffForm(FlaskForm):
    """A line that a person adds to what a client owes."""

    label = name_field(
        "What it is for",
        "Say what it is for.",
        200,
        description="The client reads this on the invoice.",
    )
    amount = StringField("Amount", [DataRequired("Enter an amount.")], filters=[stripped])
    when = RadioField(
        "When it is billed",
        choices=[("next", "With the next invoice"), ("now", "Now, on an invoice of its own")],
        default="next",
    )
    confirmed = BooleanField("This is right")

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def validate_amount(self, field: StringField) -> None:
        money = self.money
        if money is None:
            raise ValidationError(f"Enter an amount in {self.currency}, such as 250 or 99.50.")
        if not 0 < money.minor <= MOST:
            raise ValidationError("Enter more than nothing; a credit is given by a credit note.")

    @property
    def money(self) -> Money | None:
        """What was typed, as money; None for what is no amount in this currency."""
        try:
            return Money.of(amount_from(self.amount.data or "", self.currency), self.currency)
        except ValueError:
            return None


def month_from(day: date) -> date:
    """A pause is offered for a month."""
    return date(day.year + (day.month == 12), day.month % 12 + 1, min(day.day, 28))
