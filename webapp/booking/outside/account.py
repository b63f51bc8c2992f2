"""An account at a calendar server, through which several calendars are read and one is written."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified

KINDS = ("caldav", "google", "microsoft")


class OutsideAccount(Identified, Base):
    """A consultant's account elsewhere; its calendars share its credentials.

    address: of a 'caldav' where its list of calendars is, else ''. username: as the person knows
    the account. secret: sealed, a password or an OAuth token. found: the calendars it was last seen
    to have, [{"address", "name", "writable"}]. leaving_at: when its removal was asked for; once our
    copies are out of it and its access is given back, the row goes.
    """

    __tablename__ = "outside_account"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    kind: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    username: Mapped[str]
    secret: Mapped[str]
    found: Mapped[list[Any]] = mapped_column(default=list)
    leaving_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        UniqueConstraint("consultant_id", "kind", "address", "username"),
    )
