"""The deposit: the client's own money until the end, set off against what they owe last.

It is taken with the first invoice. Shortly before the last renewal (or the final invoice) a credit
note on its line makes as much of it the client's credit as that invoice can take, and what is left
of it goes back to the payment it came from.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from webapp import clock, outbox
from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Credit, Invoice, Subscription
from webapp.billing.models.subscription import OVER
from webapp.billing.returning.crediting import with_deposit
from webapp.billing.returning.left import contested
from webapp.billing.returning.splitting import split
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money

# A renewal is the last when the end comes no later than a month after it, give or take a clock
# change and the length of months.
MONTH = relativedelta(months=1, days=3)
BEFORE_RENEWAL = timedelta(hours=36)
REASON = "deposit"
UNNEEDED = ("The deposit was set off against the last month, and notice was withdrawn since: "
            "none is held any more. Ask for another one if it is wanted.")  # fmt: skip


def paid_with(engagement: Engagement) -> Invoice | None:
    """The invoice that took the deposit."""
    return next(iter(with_deposit(engagement)), None)


def left_of(engagement: Engagement) -> Money:
    """What is held of it: taken, less set off, less given back or lost to the bank."""
    taken, currency = paid_with(engagement), engagement.terms.currency
    if taken is None:
        return Money(0, currency)
    coming = sum(credit.amount_minor for credit in Credit.of(engagement, "deposit")
                 if credit.state == "intended")  # fmt: skip
    return Money(max(0, split(taken).held - coming), currency)


def set_off(engagement: Engagement, against: Money, last: str) -> Credit | None:
    """What is left of it, never more than what it is set off against, becomes credit that the
    client's next invoice takes; once for that invoice (last: its name), and not while a bank
    decides about it."""
    key = f"deposit:{engagement.id}:{last}"
    known = next((one for one in Credit.of(engagement, "deposit") if one.key == key), None)
    taken, amount = paid_with(engagement), min(left_of(engagement), against)
    if known or taken is None or contested(taken) or amount.minor <= 0:
        return known
    return Credit.intend(engagement, "deposit", key, "Deposit, set off", amount)


# -- the last renewal ------------------------------------------------------------------------------


def plan_last_renewals() -> None:
    """Shortly before a renewal that is the last, its engagement's deposit is looked at."""
    now = clock.now()
    rows = select(Subscription).where(
        Subscription.status.not_in(OVER),
        Subscription.renews_at.between(now, now + BEFORE_RENEWAL),
        Subscription.cancels_at.is_not(None),
    )
    for mirror in session.scalars(rows.order_by(Subscription.id)):
        if mirror.renews and _last(mirror):
            assert mirror.renews_at
            day = mirror.renews_at.date().isoformat()
            outbox.enqueue("billing.apply_deposit", mirror.engagement_id, day)


def _last(mirror: Subscription) -> bool:
    assert mirror.renews_at and mirror.cancels_at
    return mirror.cancels_at <= mirror.renews_at + MONTH


def foreseen(mirror: Subscription, due: Money) -> Money:
    """What of it will be set off against the renewal to come, of which `due` is to be paid yet:
    nothing, unless that is the last one."""
    taken = paid_with(mirror.engagement)
    last = mirror.renews and mirror.cancels_at is not None and _last(mirror)
    if not last or taken is None or contested(taken):
        return due * 0
    return max(due * 0, min(Money(split(taken).held, due.currency), due))


def apply_to_last_renewal(engagement_id: uuid.UUID) -> None:
    """As much as Stripe's preview of that invoice can take, so that it never falls below zero."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None
    mirror = Subscription.of(engagement)
    if mirror and mirror.renews and mirror.cancels_at and _last(mirror):
        assert mirror.renews_at
        due = invoices.preview_renewal(mirror.stripe_id).due
        set_off(engagement, due, mirror.renews_at.date().isoformat())


def ask_about_unneeded() -> None:
    """It was set off, and notice was withdrawn after all: a person decides about another one."""
    rows = (
        select(Credit)
        .join(Subscription, Subscription.engagement_id == Credit.engagement_id)
        .where(Credit.kind == "deposit", Subscription.status.not_in(OVER))
        .where(Subscription.cancels_at.is_(None))
    )
    for credit in session.scalars(rows.order_by(Credit.id)).all():
        FollowUp.ask(credit.engagement_id, f"deposit:{credit.id}", UNNEEDED)
