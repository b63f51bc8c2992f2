"""The agreement as it was shown and accepted: append-only."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified


class Agreement(Identified, Base):
    """text: the whole agreement as shown; text_hash: SHA-256 of its UTF-8, in hex."""

    __tablename__ = "agreement"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    terms_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("terms.id"))
    text: Mapped[str]
    text_hash: Mapped[str]
    accepted_name: Mapped[str]
    accepted_email: Mapped[str]
    accepted_at: Mapped[datetime]
    address: Mapped[str]
    agent: Mapped[str]
