"""Example rates of tax, and in which countries an account collects any.

**These are examples for tests and the demonstration, not tax advice**: one rate a country, the
standard rate of its value-added or goods-and-services tax as it was known when this was written; no
reduced rates, no regions, no thresholds. Countries that are not listed (the United States, whose
states tax advice differently or not at all) cost nothing here.
"""

import hashlib
from decimal import Decimal

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape

EU = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25",
    "EE": "24", "ES": "21", "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27",
    "IE": "23", "IT": "22", "LT": "21", "LU": "17", "LV": "21", "MT": "18", "NL": "21",
    "PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip
OTHERS = {"AU": "10", "CA": "5", "CH": "8.1", "GB": "20", "JP": "10", "NO": "25", "NZ": "15"}
RATES = {country: Decimal(rate) for country, rate in (EU | OTHERS).items()}
_NAMES = {"AU": "GST", "CA": "GST", "JP": "JCT", "NZ": "GST"}


def collects_in(account: Account, country: str) -> bool:
    """Whether the account is registered in a country: at home and, from home in the EU, in all of
    it; further countries are a rule of the account's."""
    home = account.rules.country
    return country == home or (home in EU and country in EU) or country in account.rules.registered


def rate_for(account: Account, country: str, *, inclusive: bool, nothing: bool = False) -> Document:
    """The tax rate object of a country; always the same one for the same country and kind.

    ``nothing`` is the rate of 0 % that a line which is not taxed refers to.
    """
    percent = Decimal(0) if nothing else RATES.get(country, Decimal(0))
    name = _NAMES.get(country, "VAT" if country in RATES else "Sales tax")
    seed = f"{country} {percent} {inclusive}".encode()
    identifier = f"txr_{hashlib.sha256(seed).hexdigest()[:24]}"
    kept = account.store.load(identifier)
    return kept or account.save(
        shape(
            "tax_rate",
            id=identifier,
            active=True,
            country=country,
            created=account.now(),
            display_name=name,
            effective_percentage=float(percent),
            inclusive=inclusive,
            jurisdiction=country,
            jurisdiction_level="country",
            livemode=False,
            metadata={},
            percentage=float(percent),
            rate_type="percentage",
            tax_type=name.lower().replace(" ", "_"),
        )
    )
