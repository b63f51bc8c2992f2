"""Who works on an engagement."""

from __future__ import annotations

import uuid
from typing import Self

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp.booking.models import Hold
from webapp.catalog.models import Consultant
from webapp.db import Identified, session
from webapp.engagements.models.assignment import Assignment


class Staffed(Identified):
    """The consultants of an engagement: those held for it, and from the agreement on assigned."""

    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), unique=True)

    @declared_attr
    def hold(cls) -> Mapped[Hold]:
        return relationship()

    @declared_attr
    def assignments(cls) -> Mapped[list[Assignment]]:
        return relationship(back_populates="engagement", order_by=Assignment.leads.desc())

    def lock(self) -> Self:
        """Hold the row until the transaction ends, and read it and its hold afresh.

        The hold is moved under this lock alone, and so stays as it is read.
        """
        session.flush()
        session.refresh(self, with_for_update=True)
        session.expire(self.hold)
        return self

    @property
    def consultants(self) -> list[Consultant]:
        """One, or a COO and an Integrator; who leads comes first."""
        return [row.consultant for row in self.assignments] or self.hold.team

    @property
    def lead(self) -> Consultant:
        return self.consultants[0]

    @property
    def with_whom(self) -> str:
        """'Ada Stone', or 'Ada Stone and Ben Reed'."""
        return " and ".join(who.name for who in self.consultants)

    @property
    def is_pair(self) -> bool:
        return len(self.consultants) > 1

    def role_of(self, consultant: Consultant) -> str:
        """What the consultant fills: 'coo', 'integrator', or 'both'; '' for somebody else."""
        roles = {seat.consultant_id: seat.role for seat in self.hold.seats}
        roles |= {row.consultant_id: row.role for row in self.assignments if row.role}
        return roles.get(consultant.id, "")
