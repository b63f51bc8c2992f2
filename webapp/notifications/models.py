"""Email rows: one per (kind, about, occurrence, recipient), delivered effectively once.

The feature that owns a fact renders the mail when it is due, through `send_email`; this room
stores and delivers. Delivery: MAIL and RCPT, commit `handing_over`, DATA, commit `sent`. A crash
after the first commit leaves the row `uncertain`: a person decides, nothing is resent by itself.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Protocol

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.db import Base, Email, Identified, session

# Whoever has such a link becomes, or acts for, the person it was sent to.
WITHHELD = re.compile(r"(/(?:sign-in/link|meetings/(?:move|cancel|rebook))/)[A-Za-z0-9_.-]+")
STATES = ("waiting", "handing_over", "sent", "uncertain", "failed", "bounced", "cancelled")


class Decider(Protocol):
    """Whoever decides about a mail; a Person is one."""

    @property
    def id(self) -> uuid.UUID: ...


class NotUndecided(Exception):
    """The mail needs nobody's decision: it was sent, or somebody decided meanwhile."""


class EmailMessage(Identified, Base):
    """about: '<table>:<id>' of the fact; occurrence: which time ('' when there is only one)."""

    __tablename__ = "email"

    kind: Mapped[str]
    about: Mapped[str]
    occurrence: Mapped[str] = mapped_column(default="")
    recipient: Mapped[str] = mapped_column(Email)
    recipient_name: Mapped[str] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    attachments: Mapped[list[EmailAttachment]] = relationship(
        back_populates="email", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("kind", "about", "occurrence", "recipient"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @property
    def shown_text(self) -> str:
        """The text as others than its reader may see it."""
        return WITHHELD.sub(r"\1…", self.text)

    @property
    def shown_html(self) -> str:
        return WITHHELD.sub(r"\1…", self.html)

    @classmethod
    def advance(cls, email_id: uuid.UUID, *before: str, **values: object) -> bool:
        """Change a mail that is in one of the states `before`; False when it no longer is.

        One conditional statement, so that of two deliveries of one mail only one goes on.
        """
        row = update(cls).where(cls.id == email_id, cls.state.in_(before)).values(**values)
        return session.scalar(row.returning(cls.id)) is not None

    def send_again(self, person: Decider) -> None:
        """A coordinator's decision about a mail that failed, or that may have arrived already."""
        self._decide(person, "sent_again", "failed", "uncertain", state="waiting", last_error="")
        key = f"notifications.deliver_email:{self.id}:{clock.machine_now().isoformat()}"
        outbox.enqueue("notifications.deliver_email", self.id, key=key)

    def mark_sent(self, person: Decider) -> None:
        """A coordinator's decision about a mail that did arrive, as they found out."""
        self._decide(person, "marked_sent", "uncertain", state="sent", sent_at=clock.now())

    def _decide(self, person: Decider, what: str, *before: str, **values: object) -> None:
        was = self.state
        if not self.advance(self.id, *before, **values):
            raise NotUndecided(f"only a mail that is {' or '.join(before)} is decided upon")
        audit.record(f"email.{what}", self, by=str(person.id), was=was, recipient=self.recipient)


class EmailAttachment(Identified, Base):
    """content_type may carry parameters, such as text/calendar; method=REQUEST."""

    __tablename__ = "email_attachment"

    email_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("email.id"), index=True)
    filename: Mapped[str]
    content_type: Mapped[str]
    content: Mapped[bytes]
    email: Mapped[EmailMessage] = relationship(back_populates="attachments")

    def as_tuple(self) -> tuple[str, str, bytes]:
        return self.filename, self.content_type, self.content
