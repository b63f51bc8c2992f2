"""How often Stripe has answered a change of one of its objects: it is part of each key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified, aside, session


class KeyAttempt(Identified, Base):
    """subject: Stripe's id of what is changed; attempt: the next one's number; attempted_at: of
    the last answer.

    A key that has been answered is spent: Stripe would give that answer again for a day, a fault
    of its own too, although the object may have been changed since.
    """

    __tablename__ = "key_attempt"

    subject: Mapped[str] = mapped_column(unique=True)
    attempt: Mapped[int]
    attempted_at: Mapped[datetime]

    @classmethod
    def number(cls, subject: str) -> int:
        return session.scalar(select(cls.attempt).where(cls.subject == subject)) or 0

    @classmethod
    def answered(cls, subject: str) -> None:
        """The key is spent, even if what goes with the answer is rolled back."""
        now = clock.now()
        row = insert(cls).values(subject=subject, attempt=1, attempted_at=now)
        more = {"attempt": cls.attempt + 1, "attempted_at": now}
        with aside() as own:
            own.execute(row.on_conflict_do_update(index_elements=["subject"], set_=more))
