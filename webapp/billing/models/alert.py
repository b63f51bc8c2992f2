"""What somebody at the firm has to know about the books: shown until settled, mailed once."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.accounts.models import Person
from webapp.db import Base, Identified, aside, session

KINDS = (
    "other_mode", "other_version", "other_customer", "key_reused", "event_failed", "drift",
)  # fmt: skip


class Alert(Identified, Base):
    """about: what it is raised for, once for good; told_at: when the mails were put in line."""

    __tablename__ = "billing_alert"

    kind: Mapped[str]
    about: Mapped[str]
    detail: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    told_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    settled_by: Mapped[Person | None] = relationship()

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        UniqueConstraint("kind", "about"),
    )

    @classmethod
    def sound(cls, kind: str, about: str, detail: str) -> None:
        """Raise it with the running transaction, unless it was raised for this before."""
        session.execute(cls._row(kind, about, detail))

    @classmethod
    def sound_aside(cls, kind: str, about: str, detail: str) -> None:
        """Raise it although what is under way fails and is rolled back."""
        with aside() as own:
            own.execute(cls._row(kind, about, detail))

    @classmethod
    def _row(cls, kind: str, about: str, detail: str) -> Insert:
        row = insert(cls).values(kind=kind, about=about, detail=detail, raised_at=clock.now())
        return row.on_conflict_do_nothing(index_elements=["kind", "about"])

    @classmethod
    def unsettled(cls) -> list[Alert]:
        """The newest first."""
        rows = select(cls).where(cls.settled_at.is_(None))
        return list(session.scalars(rows.order_by(cls.raised_at.desc(), cls.id)))

    def settle(self, by: Person) -> None:
        """Somebody has seen to it; a second time changes nothing."""
        if self.settled_at is None:
            self.settled_at, self.settled_by = clock.now(), by
            audit.record("billing_alert.settled", self, kind=self.kind, about=self.about)
