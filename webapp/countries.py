"""The countries that can be chosen in forms."""

from __future__ import annotations

import re

from babel import Locale

COUNTRY = re.compile(r"[A-Z]{2}")
# Where the country alone does not say which tax is due.
# https://docs.stripe.com/tax/customer-locations#supported-formats
TAXED_BY_PLACE = frozenset({"CA", "US"})
NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


def countries() -> list[tuple[str, str]]:
    """(ISO 3166 code, English name), by name."""
    names = Locale("en").territories
    known = [(code, name) for code, name in names.items() if COUNTRY.fullmatch(code)]
    listed = [pair for pair in known if pair[0] not in NO_COUNTRIES]
    return sorted(listed, key=lambda pair: pair[1])
