"""Closing an engagement's account: the final invoice, the deposit set off, the rest given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from webapp import audit
from webapp.billing import balance, mirroring
from webapp.billing.calls import items, previews, products
from webapp.billing.changing import taking_up
from webapp.billing.models import (
    Bill,
    Credit,
    CreditNote,
    Invoice,
    InvoiceItem,
    Subscription,
)
from webapp.billing.owing import deposit, unpaid_months
from webapp.billing.owing.asking import params_of
from webapp.billing.owing.bills import bill_now
from webapp.billing.owing.credit_left import pay_credit_out
from webapp.billing.owing.unpaid_months import FINAL
from webapp.billing.returning.left import contested, left_to_refund
from webapp.billing.returning.refunding import refund
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.outbox import RetryLater

HOUR = 3600


@dataclass(frozen=True)
class Foreseen:
    """What ending it on a day comes to, in the engagement's currency: asked for before tax, and how
    much of the deposit is set off against that."""

    asked: Money
    deposit: Money

    @property
    def set_off(self) -> Money:
        return min(self.asked, self.deposit)

    @property
    def to_pay(self) -> Money:
        return self.asked - self.set_off

    @property
    def back(self) -> Money:
        return self.deposit - self.set_off


def foreseen(engagement: Engagement, ends: date) -> Foreseen:
    """From what is known here; asks nothing of Stripe."""
    asked, mirror = unpaid_months.foreseen(engagement, ends), Subscription.of(engagement)
    if mirror and mirror.given_up:
        asked += taking_up.cost_of_missing(engagement, ends)
    return Foreseen(asked, deposit.left_of(engagement))


def close_account(engagement_id: uuid.UUID) -> None:
    """After the end: the deposit is set off against a final invoice of what waits; what is left of
    it, and credit that no invoice can take any more, goes back once nothing is open. One step at a
    time, each put in line by the one before; safe to call again.

    Raises RetryLater while Stripe is still putting an invoice of this engagement together.
    """
    engagement = mirroring.locked(engagement_id)
    if engagement is None or engagement.stage != "ended":
        return
    _wait_for_stripe(engagement)
    if _under_way(engagement) or not unpaid_months.draw_together(engagement):
        return
    taking_up.charge_to_the_end(engagement)
    waiting = InvoiceItem.pending_of(engagement)
    if waiting and not _under_way(engagement):
        deposit.set_off(engagement, _to_pay(engagement, waiting), "final")
    if _under_way(engagement):
        return
    if waiting:
        bill_now(engagement, FINAL, waiting)
    _give_back(engagement)


def pay_out_again(engagement_id: uuid.UUID) -> None:
    """The credit of an account that is closed, once what it waited for came to nothing."""
    engagement = mirroring.locked(engagement_id)
    if engagement and not (_still_open(engagement) or _under_way(engagement)):
        pay_credit_out(engagement)


def _still_open(engagement: Engagement) -> bool:
    """Whether something is owed yet, or a bank is deciding."""
    return bool(_of(engagement, "open") or Bill.unmade(engagement) or _contested(engagement))


def _under_way(engagement: Engagement) -> bool:
    """Whether a credit is not made yet: once it is, we are called again."""
    session.flush()
    credits = Credit.of(engagement)
    states = [one.state for one in credits]
    states += [note.state for note in CreditNote.of_credits(credits)]
    return "intended" in states


def _to_pay(engagement: Engagement, waiting: Sequence[InvoiceItem]) -> Money:
    """What a final invoice of these would ask for, with tax, once the client's credit is used, or
    what is owed there beside is added."""
    customer = balance.sync_of(engagement.company_id)
    assert customer is not None
    for kind in sorted({item.kind for item in waiting}):
        products.ensure(kind)
    asked, ids = [params_of(item) for item in waiting], {str(item.id) for item in waiting}
    currency = engagement.terms.currency
    found = previews.of_items(customer.stripe_id, currency, asked)
    ours = (line.amount + line.tax for line in found.lines if line.item in ids)
    credit = customer.credit_minor if customer.credit_currency == currency else 0
    return sum(ours, Money(-credit, currency))


def _wait_for_stripe(engagement: Engagement) -> None:
    """No invoice of the subscription's may come to be, or be unfinished, while we close."""
    mirror = Subscription.of(engagement)
    if mirror and not mirror.over:
        mirroring.sync_subscription(engagement, mirror.stripe_id)
        if not mirror.over:
            raise RetryLater("the subscription has not ended yet", HOUR)
    for item in InvoiceItem.pending_of(engagement):
        there = items.read(item.stripe_id) if item.stripe_id else None
        if there and there.invoice:
            raise RetryLater(f"an invoice of Stripe's took {item.key} and is not final yet", HOUR)


def _give_back(engagement: Engagement) -> None:
    """Once nothing is owed any more and no bank is deciding; what was never paid is kept of the
    deposit. A booking that was cancelled has its deposit back by the policy, or not at all."""
    if _still_open(engagement):
        return
    kept = sum(row.due_minor for row in _of(engagement, "uncollectible"))
    left = deposit.left_of(engagement)
    back = Money(max(0, left.minor - kept), left.currency)
    taken = deposit.paid_with(engagement)
    if taken and back and engagement.cancelled_at is None:
        _give_deposit_back(engagement, taken, back)
    if not _under_way(engagement):
        pay_credit_out(engagement)
    audit.record("account.closed", engagement, deposit_back=back.minor, kept=kept)


def _give_deposit_back(engagement: Engagement, taken: Invoice, back: Money) -> None:
    """To the payment that brought it. What credit of before had paid of it becomes credit again,
    which is paid out once it is there."""
    money = min(back, left_to_refund(taken))
    told = any(row.reason == deposit.REASON for row in taken.refunds)
    if taken.out_of_band and told:
        return  # finance has been asked to give it back by hand
    if money:
        refund(taken, money, deposit.REASON, again=True)
    if back > money:
        deposit.set_off(engagement, back - money, "rest")


def _contested(engagement: Engagement) -> bool:
    """Stripe refunds nothing of such a payment, and what is left of it is not known yet."""
    return any(contested(invoice) for invoice in Invoice.paid_of(engagement))


def _of(engagement: Engagement, status: str) -> list[Invoice]:
    rows = select(Invoice).where(Invoice.engagement_id == engagement.id, Invoice.status == status)
    return list(session.scalars(rows))
