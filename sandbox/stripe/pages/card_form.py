"""The card form: what was typed, what is wrong with it, and the card it describes.

Fields: ``email``, ``number``, ``exp`` (``MM / YY``), ``cvc``, ``name``, ``country``.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from werkzeug.datastructures import MultiDict

from sandbox.stripe.billing.cards import passes_luhn
from sandbox.stripe.billing.payment_methods import CardEntry

FIELDS = ("email", "number", "exp", "cvc", "name", "country")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_EXPIRY = re.compile(r"^\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*$")
LONGEST = 200


@dataclass
class CardForm:
    """Values as typed and errors by field; ``general`` stands above the form."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    general: str = ""
    wants_email: bool = True

    @classmethod
    def typed(cls, form: "MultiDict[str, str]", *, wants_email: bool = True) -> "CardForm":
        values = {name: form.get(name, "").strip()[:LONGEST] for name in FIELDS}
        return cls(values, wants_email=wants_email)

    def entry(self, now: int) -> CardEntry | None:
        """The card, or nothing and ``errors`` filled. ``now`` decides whether it has expired."""
        number = re.sub(r"[\s-]", "", self.values["number"])
        self._check_email()
        self._check_number(number)
        month, year = self._expiry(now)
        self._check_cvc(number)
        if not self.values["name"]:
            self.errors["name"] = "Enter the name on the card."
        if self.errors:
            return None
        return CardEntry(
            number,
            month,
            year,
            self.values["cvc"],
            name=self.values["name"],
            email=self.values["email"] or None,
            country=self.values["country"] or "US",
        )

    def _check_email(self) -> None:
        if self.wants_email and not EMAIL.match(self.values["email"]):
            self.errors["email"] = "Enter an email address, such as name@example.com."

    def _check_number(self, number: str) -> None:
        if not re.fullmatch(r"\d{12,19}", number):
            self.errors["number"] = "Your card number is incomplete."
        elif not passes_luhn(number):
            self.errors["number"] = "Your card number is invalid."

    def _expiry(self, now: int) -> tuple[int, int]:
        match = _EXPIRY.match(self.values["exp"])
        if match is None or not 1 <= int(match[1]) <= 12:
            self.errors["exp"] = "Enter the expiry date as MM / YY."
            return 0, 0
        month, year = int(match[1]), int(match[2]) + (2000 if len(match[2]) == 2 else 0)
        present = datetime.fromtimestamp(now, UTC)
        if (year, month) < (present.year, present.month):
            self.errors["exp"] = "Your card's expiration date is in the past."
        return month, year

    def _check_cvc(self, number: str) -> None:
        digits = 4 if number.startswith(("34", "37")) else 3
        if not re.fullmatch(rf"\d{{{digits}}}", self.values["cvc"]):
            self.errors["cvc"] = "Your card's security code is incomplete."
