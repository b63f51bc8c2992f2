"""The portal's billing details: who is invoiced, and where.

Fields: ``billing_name``, ``billing_email``, ``line1``, ``line2``, ``city``, ``state``,
``postal_code``, ``country`` (two letters). What may be changed is the configuration's to say:
https://docs.stripe.com/api/customer_portal/configurations/object
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.core.documents import Document
from sandbox.stripe.pages.card_form import EMAIL, LONGEST

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@dataclass
class DetailsForm:
    """Values as typed and errors by field; ``allowed`` names what may be changed."""

    values: Mapping[str, str]
    allowed: frozenset[str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def kept(cls, customer: Document, allowed: frozenset[str]) -> "DetailsForm":
        address = customer["address"] or {}
        values = {name: address.get(name) or "" for name in ADDRESS}
        values |= {f"billing_{name}": customer[name] or "" for name in ("name", "email")}
        return cls(values, allowed)

    @classmethod
    def typed(cls, form: Mapping[str, str], allowed: frozenset[str]) -> "DetailsForm":
        names = ("billing_name", "billing_email", *ADDRESS)
        return cls({name: form.get(name, "").strip()[:LONGEST] for name in names}, allowed)

    def changes(self) -> dict[str, Any] | None:
        """The customer's fields as they are to be, or nothing and ``errors`` filled."""
        self._check()
        if self.errors:
            return None
        address = {name: self.values[name] or None for name in ADDRESS}
        address["country"] = self.values["country"].upper() or None
        wanted = {
            "name": self.values["billing_name"] or None,
            "email": self.values["billing_email"],
            "address": address if any(address.values()) else None,
        }
        return {name: value for name, value in wanted.items() if name in self.allowed}

    def _check(self) -> None:
        if "email" in self.allowed and not EMAIL.match(self.values["billing_email"]):
            self.errors["billing_email"] = "Enter an email address, such as name@example.com."
        if "address" in self.allowed and not re.fullmatch("([A-Za-z]{2})?", self.values["country"]):
            self.errors["country"] = "Enter the country as two letters, such as US."
