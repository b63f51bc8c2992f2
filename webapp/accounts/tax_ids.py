"""Tax ids by kind: checked as their countries say, and written as Stripe wants them.

Kinds and spellings: https://docs.stripe.com/billing/customer/tax-ids#supported-tax-id. Digits are
checked here; whether the number is a company's is for Stripe to ask the tax office.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stdnum.au import abn
from stdnum.ca import bn
from stdnum.ch import vat as ch_vat
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as gb_vat
from stdnum.jp import cn as jp_cn
from stdnum.no import mva
from stdnum.nz import ird
from stdnum.us import ein


@dataclass(frozen=True)
class TaxIdKind:
    """check: the number without spaces, or ValidationError; written: as Stripe spells it."""

    label: str
    example: str
    check: Callable[[str], str]
    written: Callable[[str], str] = str


KINDS = {
    "eu_vat": TaxIdKind("VAT number (EU)", "DE136695976", eu_vat.validate),
    "gb_vat": TaxIdKind("VAT number (UK)", "GB980780684", gb_vat.validate, "GB{}".format),
    "ch_vat": TaxIdKind("VAT number (Switzerland)", "CHE-107.787.577 MWST", ch_vat.validate,
                        ch_vat.format),
    "no_vat": TaxIdKind("VAT number (Norway)", "995525828MVA", mva.validate),
    "au_abn": TaxIdKind("ABN (Australia)", "83914571673", abn.validate),
    "ca_bn": TaxIdKind("Business number (Canada)", "123026635", bn.validate),
    "jp_cn": TaxIdKind("Corporate number (Japan)", "5835678256246", jp_cn.validate),
    "nz_gst": TaxIdKind("GST number (New Zealand)", "49091850", ird.validate),
    "us_ein": TaxIdKind("EIN (United States)", "04-2103594", ein.validate, ein.format),
}  # fmt: skip


# By country (ISO 3166), where its companies have one of these.
BY_COUNTRY = {
    **dict.fromkeys((code.upper() for code in eu_vat.MEMBER_STATES), "eu_vat"),
    "GB": "gb_vat", "CH": "ch_vat", "LI": "ch_vat", "NO": "no_vat", "AU": "au_abn",
    "CA": "ca_bn", "JP": "jp_cn", "NZ": "nz_gst", "US": "us_ein",
}  # fmt: skip
# A VAT number begins with its country; only Greece has another code there.
PREFIXES = {"GR": "EL"}


def of_country(country: str, typed: str) -> tuple[str, str]:
    """(kind, number) as Stripe writes them, of a company in a country; with its prefix or without.
    ValueError, with words for a form."""
    kind = BY_COUNTRY.get(country)
    if kind is None:
        raise ValueError("We cannot check numbers of that country: leave it empty, and tell us.")
    prefixed = PREFIXES.get(country, country) + typed
    if kind == "eu_vat" and not eu_vat.is_valid(typed) and eu_vat.is_valid(prefixed):
        return kind, normal(kind, prefixed)
    return kind, normal(kind, typed)


def normal(kind: str, typed: str) -> str:
    """The number as Stripe writes it; ValueError, with words for a form, for what is none."""
    known = KINDS[kind]
    try:
        return str(known.written(known.check(typed)))
    except ValidationError as error:
        raise ValueError(f"That is no {known.label}. They look like {known.example}.") from error
