"""Keeping the invoice to come in our mirror, so that no page has to ask Stripe for it."""

from __future__ import annotations

import uuid

from webapp.billing import balance, mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import CreditNote, Customer, Subscription, Upcoming
from webapp.billing.owing import deposit
from webapp.money import Money


def preview(engagement_id: uuid.UUID) -> None:
    """Ask Stripe what the next renewal will come to; forget it where none will come."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None
    mirror = Subscription.of(engagement)
    if mirror is None or not mirror.renews or mirror.renews_at is None:
        Upcoming.forget(engagement)
        return
    foresee(mirror)


def foresee(mirror: Subscription) -> Upcoming:
    """As Stripe has it, less the deposit: against the last month it is set off only shortly before,
    and the client is told of that month well ahead."""
    assert mirror.renews_at is not None
    found = invoices.preview_renewal(mirror.stripe_id)
    coming = deposit.foreseen(mirror, found.due)
    there = _deposit_in(mirror, found.balance_applied)
    return Upcoming.keep(mirror.engagement, found, mirror.renews_at, coming, there)


def _deposit_in(mirror: Subscription, applied: Money) -> Money:
    """How much of the credit that the invoice takes, the oldest first, is a deposit."""
    customer, left, found = Customer.of(mirror.engagement.company_id), applied.minor, 0
    if customer is None:
        return applied * 0
    for piece in balance.pieces_of(customer, applied.currency).waiting:
        part = max(0, min(piece.minor, left))
        left -= part
        found += part if is_deposit(piece.note) else 0
    return Money(found, applied.currency)


def is_deposit(note: str) -> bool:
    """Whether the credit note of that id of Stripe's made the deposit the client's credit."""
    made = CreditNote.made_as(note) if note else None
    return made is not None and made.of_deposit
