"""Retainer periods: the months an engagement is paid for."""

from __future__ import annotations

import uuid
from datetime import date

from dateutil.relativedelta import relativedelta
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified

STATES = ("planned", "open", "closing", "closed")


class RetainerPeriod(Identified, Base):
    """[starts, ends) as local dates of the engagement's zone; number counts from 1.

    part: 1; from 2 on for what is left of a month after a pause in it.
    """

    __tablename__ = "retainer_period"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    number: Mapped[int]
    part: Mapped[int] = mapped_column(default=1, server_default="1")
    starts: Mapped[date]
    ends: Mapped[date]
    state: Mapped[str] = mapped_column(default="planned")

    __table_args__ = (
        UniqueConstraint("engagement_id", "starts"),
        UniqueConstraint("engagement_id", "number", "part"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @classmethod
    def nth(cls, engagement_id: uuid.UUID, anchor: date, number: int) -> RetainerPeriod:
        starts, ends = span(anchor, number)
        return cls(engagement_id=engagement_id, number=number, starts=starts, ends=ends)


def span(anchor: date, number: int) -> tuple[date, date]:
    """[starts, ends) of the nth month from an anchor, never counted month after month.

    So one that begins on the 31st returns to the 31st after a shorter month.
    """
    return anchor + relativedelta(months=number - 1), anchor + relativedelta(months=number)


def month_of(anchor: date, day: date) -> int:
    """The number of the month from an anchor in which a day lies; 1 for a day before it."""
    number = (day.year - anchor.year) * 12 + day.month - anchor.month + 1
    if span(anchor, number)[0] > day:
        number -= 1
    return max(number, 1)
