"""Days a month a consultant has sold, so that nobody is promised twice."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp.booking.models.refusals import NoCapacity
from webapp.catalog.models import Offering
from webapp.db import Base, Identified, session

MONTHS_AHEAD = 12


def months_from(day: date, count: int = MONTHS_AHEAD) -> list[date]:
    """The first days of `count` calendar months, that of `day` first."""
    index = day.year * 12 + day.month - 1
    return [date((index + n) // 12, (index + n) % 12 + 1, 1) for n in range(count)]


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months that [first, last] touches."""
    return months_from(first, (last.year - first.year) * 12 + last.month - first.month + 1)


def months_needed(offering: Offering, starts_at: datetime, time_zone: str) -> list[date]:
    """A retainer's first year; a diagnostic's weeks."""
    first = starts_at.astimezone(ZoneInfo(time_zone)).date()
    if offering.is_retainer:
        return months_from(first)
    return months_between(first, first + timedelta(weeks=offering.weeks or 1, days=-1))


class CapacityMonth(Base):
    """How many days of a month are taken; kept by conditional updates, never read then written."""

    __tablename__ = "capacity_month"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    used_days: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("used_days >= 0", name="used_days"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )

    @classmethod
    def queue(cls, consultant_id: uuid.UUID) -> None:
        """Change one consultant's months one after another, and so never in crossing order."""
        rows = select(cls.month).where(cls.consultant_id == consultant_id).order_by(cls.month)
        session.execute(rows.with_for_update(key_share=True)).all()

    @classmethod
    def full(
        cls, consultant_id: uuid.UUID, months: Sequence[date], days: int, limit: int
    ) -> date | None:
        """The first of these months in which so many days more would be past the limit."""
        taken = select(cls.month, cls.used_days).where(
            cls.consultant_id == consultant_id, cls.month.in_(months)
        )
        used = {row.month: row.used_days for row in session.execute(taken)}
        return next((one for one in sorted(months) if used.get(one, 0) + days > limit), None)

    @classmethod
    def add(cls, consultant_id: uuid.UUID, months: Sequence[date], days: int, limit: int) -> bool:
        """Add the days to each month that stays within the limit; whether all did."""
        values = [
            {"consultant_id": consultant_id, "month": month, "used_days": days} for month in months
        ]
        row = insert(cls).values(values)
        grown = cls.used_days + row.excluded.used_days
        kept = row.on_conflict_do_update(
            index_elements=[cls.consultant_id, cls.month],
            set_={"used_days": grown},
            where=grown <= limit,
        )
        fitted = session.scalars(kept.returning(cls.month)).all()
        return days <= limit and len(fitted) == len(values)


class CapacityUse(Identified, Base):
    """The days that one hold takes of one month, so that exactly these can be given back."""

    __tablename__ = "capacity_use"

    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    month: Mapped[date]
    days: Mapped[int]

    __table_args__ = (UniqueConstraint("hold_id", "consultant_id", "month"),)

    @classmethod
    def take(
        cls,
        hold_id: uuid.UUID,
        consultant_id: uuid.UUID,
        months: Sequence[date],
        days: int,
        limit: int,
    ) -> None:
        """Take the days of every month, or raise NoCapacity. Call it within `contend`."""
        if not days or not months:
            return
        if not CapacityMonth.add(consultant_id, months, days, limit):
            raise NoCapacity
        values = [
            {"hold_id": hold_id, "consultant_id": consultant_id, "month": month, "days": days}
            for month in months
        ]
        session.execute(insert(cls).values(values))

    @classmethod
    def give_back(cls, consultant_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
        """Give back the consultant's uses that meet the conditions, each exactly once."""
        freed = (
            delete(cls)
            .where(cls.consultant_id == consultant_id, *which)
            .returning(cls.month, cls.days)
            .cte("freed")
        )
        sums = (
            select(freed.c.month, func.sum(freed.c.days).label("days"))
            .group_by(freed.c.month)
            .cte("sums")
        )
        _execute(
            update(CapacityMonth)
            .where(CapacityMonth.consultant_id == consultant_id)
            .where(CapacityMonth.month == sums.c.month)
            .values(used_days=CapacityMonth.used_days - sums.c.days)
        )


def _execute(statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})
