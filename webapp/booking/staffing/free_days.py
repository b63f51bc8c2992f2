"""How many days a month consultants have left."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date

from sqlalchemy import Select, and_, func, or_, select

from webapp import clock
from webapp.booking.models.capacity import CapacityMonth, CapacityUse, months_from
from webapp.booking.models.hold import Hold
from webapp.catalog.models import Consultant
from webapp.db import session

# A horizon of a year and the year that follows a kick-off at its end.
MONTHS_AHEAD = 26

Free = dict[date, int]


def free_days(
    consultants: Sequence[Consultant], own: uuid.UUID | None = None
) -> dict[uuid.UUID, Free]:
    """Days left of the months ahead, in one query; what lapsed, or is the viewer's own, is free."""
    months = months_from(clock.now().astimezone(UTC).date(), MONTHS_AHEAD)
    used = {(who, month): days for who, month, days in session.execute(_used(consultants, own))}
    return {
        who.id: {
            month: max(0, who.days_per_month - used.get((who.id, month), 0)) for month in months
        }
        for who in consultants
    }


def _used(consultants: Sequence[Consultant], own: uuid.UUID | None) -> Select[uuid.UUID, date, int]:
    ids = [who.id for who in consultants]
    lapsed = (
        select(
            CapacityUse.consultant_id, CapacityUse.month, func.sum(CapacityUse.days).label("days")
        )
        .join(Hold, Hold.id == CapacityUse.hold_id)
        .where(CapacityUse.consultant_id.in_(ids), Hold.state == "held")
        .where(or_(Hold.expires_at <= clock.now(), Hold.id == own))
        .group_by(CapacityUse.consultant_id, CapacityUse.month)
        .subquery()
    )
    same = and_(
        lapsed.c.consultant_id == CapacityMonth.consultant_id, lapsed.c.month == CapacityMonth.month
    )
    taken = CapacityMonth.used_days - func.coalesce(lapsed.c.days, 0)
    rows = select(CapacityMonth.consultant_id, CapacityMonth.month, taken)
    return rows.outerjoin(lapsed, same).where(CapacityMonth.consultant_id.in_(ids))
