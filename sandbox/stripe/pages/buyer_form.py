"""Where the buyer is, their tax number and their promotion code: what was typed, what is wrong.

Fields: ``country`` (two letters), ``postal_code``, ``tax_number``; ``code`` in a form of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.billing import buyers, tax_ids, taxes
from sandbox.stripe.billing.tax_rates import EU
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.pages.card_form import LONGEST

KINDS = dict.fromkeys(EU, "eu_vat") | {
    "AU": "au_abn",
    "CA": "ca_gst_hst",
    "CH": "ch_vat",
    "GB": "gb_vat",
    "JP": "jp_cn",
    "NO": "no_vat",
    "NZ": "nz_gst",
    "US": "us_ein",
}
"""The kind of tax number a business has, by country."""


@dataclass
class BuyerForm:
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def known(cls, here: Account, session: Document) -> "BuyerForm":
        number = (buyers.typed(session).get("tax_id") or {}).get("value", "")
        country, code = buyers.country(here, session) or "", buyers.postal_code(here, session)
        return cls({"country": country, "postal_code": code, "tax_number": number, "code": ""})

    @classmethod
    def typed(cls, form: Mapping[str, str]) -> "BuyerForm":
        names = ("country", "postal_code", "tax_number", "code")
        return cls({name: form.get(name, "").strip()[:LONGEST] for name in names})

    def details(self) -> dict[str, Any] | None:
        """The place and tax number, or nothing and ``errors`` filled."""
        country, number = self.values["country"].upper(), self.values["tax_number"].upper()
        if not re.fullmatch("[A-Z]{2}", country):
            self.errors["country"] = "Enter the country as two letters, such as DE."
        elif country in taxes.BY_PLACE and not self.values["postal_code"]:
            self.errors["postal_code"] = "Enter the postal code: the tax depends on it."
        elif number and not _fits(country, number):
            self.errors["tax_number"] = f"This is not a tax number of a business in {country}."
        if self.errors:
            return None
        kind = KINDS.get(country)
        place = {"country": country, "postal_code": self.values["postal_code"]}
        tax_id = {"tax_id": {"type": kind, "value": number}} if number else {}
        return {name: said for name, said in place.items() if said} | tax_id


def _fits(country: str, number: str) -> bool:
    kind = KINDS.get(country)
    return kind is not None and tax_ids.fits(kind, number)
