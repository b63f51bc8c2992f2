"""The agreement as it was shown and accepted: append-only."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified


class Agreement(Identified, Base):
    """text: the whole agreement as shown; text_hash: SHA-256 of its UTF-8, in hex.

    version: which wording it was rendered from; address and agent: where it was accepted from.
    """

    __tablename__ = "agreement"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    terms_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("terms.id"))
    version: Mapped[str]
    text: Mapped[str]
    text_hash: Mapped[str]
    accepted_name: Mapped[str]
    accepted_email: Mapped[str]
    accepted_at: Mapped[datetime] = mapped_column(default=clock.now)
    address: Mapped[str]
    agent: Mapped[str]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
