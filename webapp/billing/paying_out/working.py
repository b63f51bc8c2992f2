"""How a share was worked out, kept with it, so that whoever gets it can check the sum."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.models import Transfer
from webapp.billing.paying_out.sharing import Received
from webapp.money import Money


def facts_of(received: Received) -> dict[str, int]:
    """What a share is worked out from, in minor units, to be kept as it was then."""
    kept = {
        "paid": received.paid, "tax": received.tax, "deposit": received.deposit,
        "base": received.for_work, "fee": received.fee,
    }  # fmt: skip
    return {name: amount.minor for name, amount in kept.items()}


@dataclass(frozen=True)
class Working:
    """paid less tax, deposit and what was given back is the base; percent of it, less cut, which
    Stripe's fee left no room for, is what was earned."""

    paid: Money
    tax: Money
    deposit: Money
    returned: Money
    base: Money
    percent: int
    cut: Money

    @classmethod
    def of(cls, transfer: Transfer) -> Working | None:
        """None for what was paid anew after a refund failed: that is the rest of another share."""
        facts = transfer.worked_out
        if not facts or ":" in transfer.part:
            return None
        paid, tax, deposit, base = (
            Money(facts[name], transfer.currency) for name in ("paid", "tax", "deposit", "base")
        )
        whole = base.floored(transfer.share_percent, 100)
        return cls(paid, tax, deposit, paid - tax - deposit - base, base, transfer.share_percent,
                   whole - transfer.earned)  # fmt: skip

    @property
    def taken_off(self) -> list[tuple[str, Money]]:
        """(what, amount) of each part of the payment that is not shared."""
        back = "given back or credited"
        parts = [("tax", self.tax), ("deposit", self.deposit), (back, self.returned)]
        return [(what, amount) for what, amount in parts if amount]

    @property
    def sums(self) -> list[str]:
        """In words: how the base came about, where it is not simply what was paid; and the cut."""
        less = "".join(f", less {amount.format()} {what}" for what, amount in self.taken_off)
        told = [f"{self.paid.format()} paid{less}"] if less else []
        if self.cut:
            told.append(f"less {self.cut.format()}, since Stripe’s fee left no more")
        return told

    @property
    def told(self) -> str:
        """'50% of $6,800.00'."""
        return f"{self.percent}% of {self.base.format()}"
