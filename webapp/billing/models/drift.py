"""Comparing the mirrors with Stripe: each run, and each difference it found."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.accounts.models import Person
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement

# A comparison that has not come to its end by then was given up by its jobs.
GIVEN_UP_AFTER = timedelta(hours=12)
HOW = ("", "read_anew", "commanded", "gone", "by_hand")


class Reconciliation(Identified, Base):
    """One run over all nouns, a page of Stripe's at a time.

    noun and cursor: where it is (cursor: the id after which Stripe's list goes on); looked: how
    many of each noun were compared; asked_by: None for the nightly run.
    """

    __tablename__ = "reconciliation"

    started_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    finished_at: Mapped[datetime | None]
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    noun: Mapped[str] = mapped_column(default="")
    cursor: Mapped[str] = mapped_column(default="")
    pages: Mapped[int] = mapped_column(default=0)
    looked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked_by: Mapped[Person | None] = relationship()

    @classmethod
    def latest(cls) -> Reconciliation | None:
        return session.scalar(select(cls).order_by(cls.started_at.desc(), cls.id).limit(1))

    @classmethod
    def begin(cls, asked_by: Person | None) -> tuple[Reconciliation, bool]:
        """The run under way, else a new one (and True): two would look at the same pages."""
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(cls.__tablename__))))
        under_way = session.scalar(select(cls).where(cls.finished_at.is_(None)).limit(1))
        if under_way and under_way.started_at > clock.now() - GIVEN_UP_AFTER:
            return under_way, False
        if under_way:
            under_way.finished_at = clock.now()
        run = cls(asked_by=asked_by, looked={}, noun="", cursor="", pages=0)
        session.add(run)
        session.flush()
        return run, True

    def note(self, noun: str, looked: int) -> None:
        self.looked = {**self.looked, noun: self.looked.get(noun, 0) + looked}
        self.pages += 1

    @property
    def total(self) -> int:
        return sum(self.looked.values())


class Drift(Identified, Base):
    """One field of one object that our mirror and Stripe tell differently.

    field: 'existence' when one side lacks the object; ours, theirs: as text; how: what mended it.
    """

    __tablename__ = "billing_drift"

    noun: Mapped[str]
    stripe_id: Mapped[str] = mapped_column(index=True)
    field: Mapped[str]
    ours: Mapped[str]
    theirs: Mapped[str]
    engagement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("engagement.id"), index=True)
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reconciliation.id"), index=True)
    found_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    mended_at: Mapped[datetime | None]
    how: Mapped[str] = mapped_column(default="")
    engagement: Mapped[Engagement | None] = relationship()

    __table_args__ = (
        CheckConstraint(f"how IN {HOW}", name="how"),
        CheckConstraint("(mended_at IS NULL) = (how = '')", name="mended"),
        # What stays open is found again every night, and is one row.
        Index("uq_billing_drift_open", "noun", "stripe_id", "field", unique=True,
              postgresql_where="mended_at IS NULL"),
    )  # fmt: skip

    @classmethod
    def find(cls, **values: Any) -> bool:
        """Write a difference down, unless it stands open already; whether it is new."""
        row = insert(cls).values(found_at=clock.now(), how="", **values)
        known = row.on_conflict_do_nothing(
            index_elements=["noun", "stripe_id", "field"], index_where=cls.mended_at.is_(None)
        )
        return session.scalar(known.returning(cls.id)) is not None

    @classmethod
    def open_of(cls, noun: str, stripe_id: str) -> list[Drift]:
        rows = select(cls).filter_by(noun=noun, stripe_id=stripe_id, mended_at=None)
        return list(session.scalars(rows))

    def mend(self, how: str) -> None:
        self.mended_at, self.how = clock.now(), how
