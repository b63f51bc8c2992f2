"""The pulse: one question to the sponsor, answered 1 to 5 from a signed link."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock
from webapp.accounts.models import Company
from webapp.booking.days import next_business_days
from webapp.db import Base, Identified, session
from webapp.engagements.models.engagement import Engagement

CALL_BELOW = 4


class PulseAnswer(Identified, Base):
    """asked_on: the local date of the question, its identity; a later answer replaces the first."""

    __tablename__ = "pulse_answer"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    asked_on: Mapped[date]
    score: Mapped[int]
    answered_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        UniqueConstraint("engagement_id", "asked_on"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    )

    @classmethod
    def of(cls, engagement_id: uuid.UUID, asked_on: date) -> PulseAnswer | None:
        same = select(cls).filter_by(engagement_id=engagement_id, asked_on=asked_on)
        found: PulseAnswer | None = session.scalar(same)
        return found

    @classmethod
    def give(cls, engagement_id: uuid.UUID, asked_on: date, score: int) -> None:
        """Keep the answer; a low one asks the coordinator to call within a business day."""
        answer = {"score": score, "answered_at": clock.now()}
        row = insert(cls).values(engagement_id=engagement_id, asked_on=asked_on, **answer)
        session.execute(
            row.on_conflict_do_update(index_elements=["engagement_id", "asked_on"], set_=answer)
        )
        audit.record("pulse.answered", f"engagement:{engagement_id}", score=score)
        if score < CALL_BELOW:
            text = f"Pulse of {score} out of 5: call the sponsor."
            FollowUp.ask(engagement_id, f"pulse:{asked_on}", text)


class FollowUp(Identified, Base):
    """Something the coordinator shall look into by a date; unique (engagement, cause)."""

    __tablename__ = "follow_up"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    cause: Mapped[str]
    text: Mapped[str]
    due_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("engagement_id", "cause"),)

    @classmethod
    def still_open(cls) -> Sequence[tuple[FollowUp, str]]:
        """What is still to be looked into, with the company's name; the oldest first."""
        rows = (
            select(cls, Company.name)
            .join(Engagement, Engagement.id == cls.engagement_id)
            .join(Company, Company.id == Engagement.company_id)
            .where(cls.done_at.is_(None))
            .order_by(cls.due_on, cls.id)
        )
        return session.execute(rows).all()

    def close(self) -> None:
        """It was looked into; closing it twice changes nothing."""
        if self.done_at is None:
            self.done_at = clock.now()
            audit.record("follow_up.closed", self, cause=self.cause)

    @classmethod
    def settle(cls, engagement_id: uuid.UUID, cause: str) -> None:
        """What it was about has been seen to; nothing where it was never asked."""
        same = select(cls).filter_by(engagement_id=engagement_id, cause=cause)
        if found := session.scalar(same.with_for_update()):
            found.close()

    @classmethod
    def ask(cls, engagement_id: uuid.UUID, cause: str, text: str) -> None:
        """By the end of the next business day; the same cause twice is one."""
        due_on = next_business_days(clock.now().date(), 1)[0]
        row = insert(cls).values(
            engagement_id=engagement_id, cause=cause, text=text, due_on=due_on,
            created_at=clock.now(),
        )  # fmt: skip
        session.execute(row.on_conflict_do_nothing(index_elements=["engagement_id", "cause"]))
