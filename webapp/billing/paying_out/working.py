"""How a share was worked out, kept with it, so that whoever gets it can check the sum."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.models import Transfer
from webapp.billing.paying_out.sharing import Received
from webapp.money import Money


def facts_of(received: Received, together: int) -> dict[str, int]:
    """What a share is worked out from, in minor units, to be kept as it was then; together: what
    all percentages come to."""
    kept = {
        "paid": received.paid, "tax": received.tax, "deposit": received.deposit,
        "base": received.for_work, "fee": received.fee, "most": received.net,
    }  # fmt: skip
    return {name: amount.minor for name, amount in kept.items()} | {"together": together}


@dataclass(frozen=True)
class Working:
    """paid less tax, deposit and what was given back is the base; percent of it, less cut, is what
    was earned. cut: where all shares (together, in percent) would pass what fee leaves (most)."""

    paid: Money
    tax: Money
    deposit: Money
    returned: Money
    base: Money
    fee: Money
    most: Money
    percent: int
    together: int
    cut: Money

    @classmethod
    def of(cls, transfer: Transfer) -> Working | None:
        """None for what was paid anew after a refund failed: that is the rest of another share."""
        facts = transfer.worked_out
        if not facts or ":" in transfer.part:
            return None
        paid, tax, deposit, base, fee, most = (
            Money(facts[name], transfer.currency)
            for name in ("paid", "tax", "deposit", "base", "fee", "most")
        )
        percent = transfer.share_percent
        cut = base.floored(percent, 100) - transfer.earned
        return cls(paid, tax, deposit, paid - tax - deposit - base, base, fee, most, percent,
                   facts["together"], cut)  # fmt: skip

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
        return [*told, self._why_cut] if self.cut else told

    @property
    def _why_cut(self) -> str:
        """With every figure that it takes to check it."""
        back = " and what went back" if self.most < self.base - self.fee else ""
        return (
            f"{self.cut.format()} less: all shares together, {self.together}% of it, may be no more"
            f" than the {self.most.format()} that Stripe’s fee of {self.fee.format()}{back} leaves"
            f" of it; this one is {self.percent}/{self.together} of that"
        )

    @property
    def told(self) -> str:
        """'50% of $6,800.00'."""
        return f"{self.percent}% of {self.base.format()}"
