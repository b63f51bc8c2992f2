"""How much of a payment is each consultant's: pure, in minor units of one currency.

A share is a whole percentage of what was paid for the work: after any discount, without tax, which
is the state's, and without a deposit, which is the client's until it is applied. What goes back to
the client for the work takes of each share in proportion; days that are credited take exactly
theirs. All shares together never pass what Stripe's fee leaves of the work's own money; where they
would, what it leaves is shared by the percentages. docs/payouts.md says the same with figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.money import Money


@dataclass(frozen=True)
class Received:
    """What an invoice brought, and what of it went back.

    paid: by the client, tax and deposit included; returned: given back of it (refunds, disputes
    lost) other than of the deposit, deposit_returned the rest; fee: what Stripe kept. unearned:
    for days that were credited, without tax, and unearned_whole with it.
    """

    paid: Money
    tax: Money
    deposit: Money
    fee: Money
    returned: Money
    deposit_returned: Money
    unearned: Money
    unearned_whole: Money

    @property
    def nothing(self) -> Money:
        return Money(0, self.paid.currency)

    @property
    def for_work(self) -> Money:
        """What was paid for the work, less the days that were credited, less what went back."""
        work = max(self.paid - self.tax - self.deposit - self.unearned, self.nothing)
        whole = self.paid - self.deposit - self.unearned_whole
        kept = whole - self.returned
        if kept <= self.nothing:
            return self.nothing
        return work.prorate(kept.minor, whole.minor)

    @property
    def net(self) -> Money:
        """The most that all shares together may be: what Stripe's fee leaves of the work's money,
        and never more than is left of the payment without tax, where tax went back with it."""
        given_back = self.returned + self.deposit_returned
        left = self.paid - self.tax - self.fee - given_back - self.unearned
        return max(min(left, self.for_work - self.fee), self.nothing)


def shares(received: Received, percents: Sequence[int]) -> list[Money]:
    """Each consultant's, in the order of `percents` (0 to 100, together at most 100).

    Each is rounded down, so that it can be checked without knowing the others; the firm keeps
    whatever of the payment is nobody's share. Raises ValueError for percentages that cannot be.
    """
    if any(not 0 <= percent <= 100 for percent in percents) or sum(percents) > 100:
        raise ValueError(f"no shares of one payment: {list(percents)}")
    wanted = [received.for_work.floored(percent, 100) for percent in percents]
    if sum(share.minor for share in wanted) <= received.net.minor:
        return wanted
    return [received.net.floored(percent, sum(percents)) for percent in percents]
