"""When a consultant can be met: weekly hours, date overrides, and the rules around a booking."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified


class WeeklyWindow(Identified, Base):
    """Opening hours on one weekday (0 = Sunday), in the consultant's own zone, as 'HH:MM'.

    '24:00' is the end of the day; an end at or before the start runs past midnight.
    """

    __tablename__ = "weekly_window"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    weekday: Mapped[int]
    starts: Mapped[str]
    ends: Mapped[str]

    __table_args__ = (
        UniqueConstraint("consultant_id", "weekday", "starts"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    )


class DateOverride(Identified, Base):
    """Replaces all weekly windows that start on one date; no windows closes it.

    windows: [{"start": "HH:MM", "end": "HH:MM"}].
    """

    __tablename__ = "date_override"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    on: Mapped[date]
    windows: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (UniqueConstraint("consultant_id", "on"),)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The windows as pairs of 'HH:MM'."""
        return [(part["start"], part["end"]) for part in self.windows]


class CalendarRules(Base):
    """Minutes around a booking and how far ahead one may book; one row a consultant.

    per_week: meetings a week, Monday to Sunday by the consultant's own clock; None for no limit.
    change_notice: until so many minutes before the start clients move or cancel by themselves.
    """

    __tablename__ = "calendar_rules"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), primary_key=True)
    step: Mapped[int] = mapped_column(default=30)
    buffer_before: Mapped[int] = mapped_column(default=0)
    buffer_after: Mapped[int] = mapped_column(default=15)
    minimum_notice: Mapped[int] = mapped_column(default=24 * 60)
    horizon_days: Mapped[int] = mapped_column(default=60)
    per_day: Mapped[int | None]
    per_week: Mapped[int | None]
    change_notice: Mapped[int] = mapped_column(default=12 * 60, server_default="720")
