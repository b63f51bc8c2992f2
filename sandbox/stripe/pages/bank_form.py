"""The form for a bank account: what was typed, what is wrong with it, the account it describes.

Fields: ``account_email``, ``account_name`` and, for ACH, ``routing`` and ``account``, for SEPA
``iban``. An IBAN's check digits are its own test (ISO 13616): mod 97 leaves 1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.stripe.billing.banks import ACH, SEPA, BankEntry
from sandbox.stripe.pages.card_form import EMAIL, LONGEST

FIELDS = ("account_email", "account_name", "routing", "account", "iban", "country")


@dataclass
class BankForm:
    """Values as typed and errors by field; ``kind`` is the type of payment method."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    wants_email: bool = True

    @classmethod
    def offered(
        cls, kinds: list[str], values: Mapping[str, str] | None = None
    ) -> "BankForm | None":
        """The empty form where a bank debit is offered, else none."""
        kind = next((k for k in kinds if k in (ACH, SEPA)), None)
        known = {f"account_{k}": v for k, v in (values or {}).items()}
        return cls(kind, known) if kind else None

    @classmethod
    def typed(cls, form: Mapping[str, str], kind: str, *, wants_email: bool = True) -> "BankForm":
        values = {name: form.get(name, "").strip()[:LONGEST] for name in FIELDS}
        return cls(kind, values, wants_email=wants_email)

    def entry(self) -> BankEntry | None:
        """The account, or nothing and ``errors`` filled."""
        if not self.values["account_name"]:
            self.errors["account_name"] = "Enter the account holder's name."
        if self.wants_email and not EMAIL.match(self.values["account_email"]):
            self.errors["account_email"] = "Enter an email address, such as name@example.com."
        number = self._iban() if self.kind == SEPA else self._account()
        if self.errors:
            return None
        return BankEntry(
            self.kind,
            number,
            routing=self.values["routing"],
            name=self.values["account_name"],
            email=self.values["account_email"] or None,
            country=self.values["country"] or ("US" if self.kind == ACH else number[:2]),
        )

    def _iban(self) -> str:
        iban = re.sub(r"\s", "", self.values["iban"]).upper()
        if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", iban) or not _checks(iban):
            self.errors["iban"] = "The IBAN you entered is invalid."
        return iban

    def _account(self) -> str:
        if not re.fullmatch(r"\d{9}", self.values["routing"]):
            self.errors["routing"] = "Enter the nine digits of the routing number."
        if not re.fullmatch(r"\d{4,17}", self.values["account"]):
            self.errors["account"] = "Enter the account number."
        return self.values["account"]


def _checks(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1
