"""Products by ids of our own, so that one is found, and a line's kind told, without a look-up."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from webapp.catalog.models import Offering

# Stripe's tax codes (https://docs.stripe.com/tax/tax-codes): a deposit is security, not a price.
SERVICES, UNTAXED = "txcd_20030000", "txcd_00000000"

# What a client reads on their invoice; {} is the offering's name, and ALONE what it is without one.
NAMES = {
    "retainer": "{}",
    "first_month": "First month: {}",
    "diagnostic": "{}",
    "deposit": "Deposit",
    "overage": "Hours beyond the included time",
    "one_off": "Services as agreed",
    "proration": "Change of plan, by the day",
}
KINDS = tuple(NAMES)
ALONE = {
    "retainer": "Retainer",
    "first_month": "First month",
    "diagnostic": "Diagnostic",
}
SECURITY = frozenset({"deposit"})
ID = re.compile(rf"rh_({'|'.join(KINDS)})_(all|[0-9a-f-]{{36}})")


@dataclass(frozen=True)
class ProductFacts:
    """kind: one of KINDS; offering_id: None for what is the same whatever was bought."""

    kind: str
    offering_id: uuid.UUID | None
    name: str

    @property
    def stripe_id(self) -> str:
        return f"rh_{self.kind}_{self.offering_id or 'all'}"

    @property
    def tax_code(self) -> str:
        return UNTAXED if self.kind in SECURITY else SERVICES

    @classmethod
    def of(cls, kind: str, offering: Offering | None = None) -> ProductFacts:
        """KeyError for a kind that is none."""
        if offering is None:
            return cls(kind, None, ALONE.get(kind, NAMES[kind]))
        return cls(kind, offering.id, NAMES[kind].format(offering.name))


def kind_of(stripe_id: str | None) -> str | None:
    """The kind that a product's id names; None for a product that is not ours."""
    found = ID.fullmatch(stripe_id or "")
    return found[1] if found else None
