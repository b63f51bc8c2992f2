"""Onboarding steps: what the client and the consultant do before the work is under way."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.accounts.models import Person
from webapp.db import Base, Identified
from webapp.engagements.checklist import steps_for


class OnboardingStep(Identified, Base):
    """owner: whose step it is, 'client' or 'consultant'.

    A required one must be done before the engagement is active, or waived: gone on without.
    """

    __tablename__ = "onboarding_step"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    key: Mapped[str]
    title: Mapped[str]
    owner: Mapped[str]
    required: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[date]
    position: Mapped[int]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    waived_at: Mapped[datetime | None]

    ACCESS: ClassVar[str] = "access"

    __table_args__ = (
        UniqueConstraint("engagement_id", "key"),
        CheckConstraint("owner IN ('client', 'consultant')", name="owner"),
    )

    @classmethod
    def checklist(cls, role: str, kick_off_on: date, today: date) -> list[OnboardingStep]:
        """The steps of an engagement in this role; none is due before tomorrow."""
        earliest = today + timedelta(days=1)
        return [
            cls(
                key=step.key, title=step.title, owner=step.owner, required=step.required,
                position=position, due_on=max(earliest, kick_off_on + timedelta(days=step.days)),
            )
            for position, step in enumerate(steps_for(role), start=1)
        ]  # fmt: skip

    @property
    def done(self) -> bool:
        return self.done_at is not None

    @property
    def open(self) -> bool:
        return self.done_at is None and self.waived_at is None

    def complete(self, person: Person) -> None:
        if not self.done:
            self.done_at, self.done_by_id, self.waived_at = clock.now(), person.id, None

    def undo(self) -> None:
        self.done_at = self.done_by_id = None

    def waive(self) -> None:
        self.waived_at = clock.now()

    def as_item(self) -> tuple[Any, ...]:
        """For the checklist component: label, done, note."""
        return self.title, self.done, "Gone on without it" if self.waived_at else None
