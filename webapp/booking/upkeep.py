"""What keeps the calendar's books tidy as time passes; each may run any number of times."""

from __future__ import annotations

import uuid
from functools import partial

from sqlalchemy import exists, select, union

from webapp import clock, outbox
from webapp.booking.models.capacity import CapacityMonth, CapacityUse, months_from
from webapp.booking.models.claim import Claim
from webapp.booking.models.contention import contend
from webapp.booking.models.hold import Hold, give_back_expired
from webapp.catalog.models import Offering
from webapp.db import session

SWEPT_AT_ONCE = 100


def plan_capacity() -> None:
    """A job for each running retainer that lacks the last of the twelve months ahead."""
    last = months_from(clock.now().date())[-1]
    reaches = exists().where(CapacityUse.hold_id == Hold.id, CapacityUse.month >= last)
    short = (
        select(Hold.id)
        .join(Offering)
        .where(Hold.state == "confirmed", Hold.capacity_ends.is_(None))
        .where(Offering.kind == "retainer", Offering.days_per_month > 0, ~reaches)
    )
    outbox.enqueue_all(
        ("booking.extend_capacity", [str(found), str(last)], f"capacity:{found}:{last}", None)
        for found in session.scalars(short)
    )


def sweep_expired_holds() -> None:
    """Tidy what lapsed. Cosmetic: whoever wants the time clears it away anyhow."""
    lapsed = Hold.state == "held", Hold.expires_at <= clock.now()
    claimed = select(Claim.consultant_id).join(Hold, Hold.id == Claim.hold_id)
    used = select(CapacityUse.consultant_id).join(Hold, Hold.id == CapacityUse.hold_id)
    left = union(claimed.where(Claim.kind == "hold", *lapsed), used.where(*lapsed))
    for consultant_id in session.scalars(left.limit(SWEPT_AT_ONCE)).all():
        contend(partial(_sweep, consultant_id))


def _sweep(consultant_id: uuid.UUID) -> None:
    Claim.drop_expired([consultant_id])
    CapacityMonth.queue(consultant_id)
    give_back_expired(consultant_id)
