"""What an offering and the terms copied from it have in common: what is paid, and when."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Minor
from webapp.money import Money


class Priced:
    """Amounts in minor units of `currency`; overage is for an hour.

    diagnostic_fee: for the look at the company with which a retainer begins, paid once.
    """

    kind: Mapped[str]
    currency: Mapped[str]
    price_minor: Mapped[Minor]
    deposit_minor: Mapped[Minor] = mapped_column(default=0)
    diagnostic_fee_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    overage_rate_minor: Mapped[Minor] = mapped_column(default=0)

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def deposit(self) -> Money:
        return Money(self.deposit_minor, self.currency)

    @property
    def diagnostic_fee(self) -> Money:
        return Money(self.diagnostic_fee_minor, self.currency)

    @property
    def overage_rate(self) -> Money:
        """For an hour beyond the allowance."""
        return Money(self.overage_rate_minor, self.currency)

    @property
    def is_retainer(self) -> bool:
        return self.kind == "retainer"

    @property
    def booking_rows(self) -> list[tuple[str, Money]]:
        """(what, amount) of each thing paid at booking, before any discount and tax."""
        first = "First month" if self.is_retainer else "The whole diagnostic"
        extras = [("Diagnostic", self.diagnostic_fee), ("Deposit", self.deposit)]
        return [(first, self.price), *(row for row in extras if row[1])]

    @property
    def due_at_booking(self) -> Money:
        return self.price + self.diagnostic_fee + self.deposit
