"""Email rows: one per (kind, about, occurrence, recipient), delivered effectively once.

The feature that owns a fact renders the mail when it is due, through `send_email`; this room
stores and delivers. Delivery: MAIL and RCPT, commit `handing_over`, DATA, commit `sent`. A crash
after the first commit leaves the row `uncertain`: a person decides, nothing is resent by itself.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db import Base, Email, Identified

STATES = ("waiting", "handing_over", "sent", "uncertain", "failed", "bounced", "cancelled")


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


