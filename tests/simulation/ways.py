"""How a client pays: by card, from a bank account, on account, with a code, from where, as whom."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.simulation.world import World
from tests.standin import CARD, DECLINED

# (percent off the work, months of it) by code; the firm has them from its first day.
FOR_EVER = 1_000
CODES = {"TENTH": (10, 3), "THIRD": (33, 2), "ALWAYS8": (8, FOR_EVER)}
COUNTRIES = {
    "America": "US", "Europe/London": "GB", "Europe/Berlin": "DE", "Asia/Tokyo": "JP",
    "Asia/Kolkata": "IN", "Australia": "AU",
}  # fmt: skip
# Of companies that exist in the books of those who check such numbers.
TAX_NUMBERS = {"GB": "GB980780684", "DE": "DE136695976"}
# Where tax goes by it.
POSTAL_CODES = {"US": "04101"}
# Where the firm of a year with taxes is at home, and where else it collects them.
AT_HOME, REGISTERED = "DE", ["GB", "US", "AU"]
NET_DAYS = 30
DECLINED_FIRST = 0.1


@dataclass(frozen=True)
class Ways:
    """What is drawn for one client. by: 'card', 'bank' or 'account'; code: '' mostly."""

    by: str
    code: str
    country: str
    tax_number: str
    declined_first: bool

    @classmethod
    def drawn(cls, dice: random.Random, zone: str, currency: str, kind: str) -> Ways:
        country = next(code for start, code in COUNTRIES.items() if zone.startswith(start))
        ways = ("card",) * 6 + ("account",) + (("bank",) * 3 if currency == "USD" else ())
        code = dice.choice(("",) * 7 + tuple(CODES)) if kind == "retainer" else ""
        number = TAX_NUMBERS.get(country, "") if dice.random() < 0.5 else ""
        first = dice.random() < DECLINED_FIRST
        by = dice.choice(ways) if kind == "retainer" else "card"
        return cls(by, code, country, number, first)

    @property
    def off(self) -> tuple[int, int]:
        return CODES.get(self.code, (0, 0))

    def pay(self, world: World, address: str) -> None:
        """On Stripe's page. A bank account is offered where a debit clears before the kick-off."""
        stripe = world.stripe
        if self.by == "bank" and stripe.pay_by_bank(address).status_code == 303:
            return
        if self.declined_first:
            stripe.pay(address, number=DECLINED, country=self.country)
        paid = stripe.pay(address, number=CARD, country=self.country)
        assert paid.status_code == 303, paid.text
