"""Keeping the invoice to come in our mirror, so that no page has to ask Stripe for it."""

from __future__ import annotations

import uuid

from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Subscription, Upcoming


def preview(engagement_id: uuid.UUID) -> None:
    """Ask Stripe what the next renewal will come to; forget it where none will come."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None
    mirror = Subscription.of(engagement)
    if mirror is None or not mirror.renews or mirror.renews_at is None:
        Upcoming.forget(engagement)
        return
    Upcoming.keep(engagement, invoices.preview_renewal(mirror.stripe_id), mirror.renews_at)
