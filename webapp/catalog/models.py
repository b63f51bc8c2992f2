"""What can be booked: offerings, and the consultants who hold the roles."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.accounts.models import Person
from webapp.catalog.priced import Priced
from webapp.db import Base, Identified
from webapp.web import zone_place

ROLES = ("coo", "integrator", "both")
ROLE_LABELS = {"coo": "COO", "integrator": "Integrator", "both": "COO and Integrator"}
KINDS = ("diagnostic", "retainer")
PHONE = re.compile(r"(?:(?:tel|phone):?\s*)?\+?[0-9 ()./-]{6,}", re.IGNORECASE)


class Offering(Identified, Priced, Base):
    """A standard engagement with its price.

    Editing one never touches what was sold: an engagement's terms are copied at agreement.
    """

    __tablename__ = "offering"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    days_per_month: Mapped[int]
    weeks: Mapped[int | None]
    included_minutes: Mapped[int] = mapped_column(default=0)
    minimum_months: Mapped[int] = mapped_column(default=1)
    notice_days: Mapped[int] = mapped_column(default=30)
    full_refund_days: Mapped[int] = mapped_column(default=7)
    late_refund_percent: Mapped[int] = mapped_column(default=50)
    sold: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("price_minor > 0 AND deposit_minor >= 0", name="amounts"),
        CheckConstraint("diagnostic_fee_minor >= 0", name="diagnostic_fee"),
        CheckConstraint("late_refund_percent BETWEEN 0 AND 100", name="late_refund_percent"),
    )

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[self.role]

    @property
    def roles_needed(self) -> frozenset[str]:
        return frozenset({"coo", "integrator"} if self.role == "both" else {self.role})


class Consultant(Identified, Base):
    """A person who can be booked. roles: 'coo', 'integrator' or both; country: for holidays.

    share_percent: their usual part of what clients pay for their work.
    """

    __tablename__ = "consultant"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    headline: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    roles: Mapped[list[str]]
    industries: Mapped[list[str]]
    languages: Mapped[list[str]]
    time_zone: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    days_per_month: Mapped[int]
    meeting_place: Mapped[str]
    published: Mapped[bool] = mapped_column(default=True)
    share_percent: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    person: Mapped[Person] = relationship(lazy="joined")

    __table_args__ = (
        CheckConstraint("days_per_month BETWEEN 0 AND 31", name="days_per_month"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent"),
    )

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def role_labels(self) -> list[str]:
        return [ROLE_LABELS[role] for role in ("coo", "integrator") if role in self.roles]

    @property
    def local_time(self) -> str:
        """'Berlin time': by whose clock they work."""
        return f"{zone_place(self.time_zone)} time"

    @property
    def meets(self) -> str:
        """How a meeting takes place, without the link, number or address that clients get."""
        if self.meeting_place.startswith(("https://", "http://")):
            return "By video"
        return "By phone" if PHONE.fullmatch(self.meeting_place) else "In person"

    def can_fill(self, offering: Offering) -> bool:
        return offering.roles_needed <= set(self.roles)
