"""How long before a meeting a person wants to be reminded."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    UniqueConstraint,
    delete,
    false,
    func,
    not_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.accounts.models import Person
from webapp.db import Base, Identified, session

HOUR, DAY = 60, 24 * 60
OFFSETS = (15, HOUR, 3 * HOUR, DAY, 2 * DAY, 7 * DAY)
USUAL = (DAY,)


class Reminder(Identified, Base):
    """One offset that a person chose; without any row a day before, one row of None is none."""

    __tablename__ = "reminder"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    minutes_before: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        UniqueConstraint("person_id", "minutes_before", postgresql_nulls_not_distinct=True),
        CheckConstraint("minutes_before > 0", name="before"),
    )

    @classmethod
    def of(cls, person: Person) -> tuple[int, ...]:
        """The person's offsets in minutes, shortest first."""
        rows = session.scalars(select(cls.minutes_before).where(cls.person_id == person.id)).all()
        return tuple(sorted(minutes for minutes in rows if minutes)) if rows else USUAL

    @classmethod
    def choose(cls, person: Person, offsets: Collection[int]) -> None:
        """From now on these, each in OFFSETS; none is none. What stays keeps its date."""
        wanted: list[int | None] = [*sorted(offsets)] or [None]
        kept = cls.minutes_before.in_(offsets) if offsets else cls.minutes_before.is_(None)
        own = cls.person_id == person.id
        session.execute(delete(cls).where(own, not_(func.coalesce(kept, false()))))
        now = clock.now()
        rows = [{"person_id": person.id, "minutes_before": each, "created_at": now}
                for each in wanted]  # fmt: skip
        session.execute(insert(cls).values(rows).on_conflict_do_nothing())
