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
    """[starts, ends) as local dates of the engagement's zone; number counts from 1."""

    __tablename__ = "retainer_period"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    number: Mapped[int]
    starts: Mapped[date]
    ends: Mapped[date]
    state: Mapped[str] = mapped_column(default="planned")

    __table_args__ = (
        UniqueConstraint("engagement_id", "starts"),
        UniqueConstraint("engagement_id", "number"),
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
