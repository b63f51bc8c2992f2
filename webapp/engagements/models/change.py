"""Changes of what was agreed: each a dated row, never edited; pauses; what a sponsor asks for."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models.terms import Terms
from webapp.money import Money

if TYPE_CHECKING:
    from webapp.engagements.models.engagement import Engagement

KINDS = (
    "upgrade", "downgrade", "switch", "plan_withdrawn",
    "pause_planned", "pause_withdrawn", "pause_begun", "resumed",
    "notice_given", "notice_withdrawn", "ended",
)  # fmt: skip
PLAN = ("upgrade", "downgrade", "switch")
LABELS = {
    "upgrade": "Plan enlarged", "downgrade": "Plan made smaller", "switch": "Plan changed",
    "plan_withdrawn": "Change of plan withdrawn",
    "pause_planned": "Pause planned", "pause_withdrawn": "Pause withdrawn",
    "pause_begun": "Pause begins", "resumed": "Work resumes",
    "notice_given": "Notice given", "notice_withdrawn": "Notice withdrawn", "ended": "Ended",
}  # fmt: skip
PAUSE_STATES = ("planned", "running", "over", "withdrawn")
REQUEST_KINDS = ("plan", "pause")
REQUEST_STATES = ("open", "accepted", "declined")
LIVE = "state IN ('planned', 'running')"


class ChangeRefused(ValueError):
    """The change is not possible; the message says why, for a person to read.

    field: the form's field that it is about, '' for none.
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


class TermsChange(Identified, Base):
    """Append-only. effective_on: the local date from which it holds; by: a name, or 'system'.

    before, after: the terms as `facts_of` gives them ({} where they do not change). amount_minor:
    what the change itself charges, negative for a credit, before tax. ends_on: the last date it is
    about, exclusive: of a pause, or of the engagement.
    """

    __tablename__ = "terms_change"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    kind: Mapped[str]
    effective_on: Mapped[date]
    ends_on: Mapped[date | None]
    by: Mapped[str]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    amount_minor: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[str]
    pause_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pause.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship(back_populates="changes")

    __table_args__ = (CheckConstraint(f"kind IN {KINDS}", name="kind"),)

    @property
    def label(self) -> str:
        return LABELS[self.kind]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def old_price(self) -> Money:
        return Money(self.before["price_minor"], self.currency)

    @property
    def new_price(self) -> Money:
        return Money(self.after["price_minor"], self.currency)


def facts_of(terms: Terms, offering_id: uuid.UUID | None) -> dict[str, Any]:
    """What a change keeps of the terms it is about; amounts in minor units of their currency."""
    return {
        "name": terms.name,
        "role": terms.role,
        "price_minor": terms.price_minor,
        "days_per_month": terms.days_per_month,
        "included_minutes": terms.included_minutes,
        "offering": str(offering_id) if offering_id else None,
        "valid_from": terms.valid_from.isoformat(),
    }


class Pause(Identified, Base):
    """[starts, ends) as local dates of the engagement's zone: days on which nothing is done and
    nothing is paid. States: planned, running, over, withdrawn. One is planned or runs at a time.

    paid_until: up to which day months were charged when it began, and so given back. held: how
    Stripe is kept from charging, '' (not yet), 'paused', or 'moved' (the next charge put off).
    """

    __tablename__ = "pause"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    starts: Mapped[date]
    ends: Mapped[date]
    state: Mapped[str] = mapped_column(default="planned")
    reason: Mapped[str]
    paid_until: Mapped[date | None]
    held: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship(back_populates="pauses")

    __table_args__ = (
        CheckConstraint(f"state IN {PAUSE_STATES}", name="state"),
        CheckConstraint("starts < ends", name="dates"),
        CheckConstraint("held IN ('', 'paused', 'moved')", name="held"),
        Index("uq_pause_live", "engagement_id", unique=True, postgresql_where=text(LIVE)),
        Index("ix_pause_due", "starts", postgresql_where=text(LIVE)),
    )

    @property
    def live(self) -> bool:
        return self.state in {"planned", "running"}

    def covers(self, day: date) -> bool:
        """Whether that day is paused, as things stand."""
        return self.state != "withdrawn" and self.starts <= day < self.ends


class ChangeRequest(Identified, Base):
    """What a sponsor asks the firm for. wish: {"offering", "name", "start"} or {"starts", "ends"}.

    States: open, then accepted or declined. One of a kind is open at a time.
    """

    __tablename__ = "change_request"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    kind: Mapped[str]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    wish: Mapped[dict[str, Any]]
    note: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    answer: Mapped[str] = mapped_column(default="")
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship(back_populates="requests")
    asked_by: Mapped[Person] = relationship(foreign_keys=[asked_by_id])

    __table_args__ = (
        CheckConstraint(f"kind IN {REQUEST_KINDS}", name="kind"),
        CheckConstraint(f"state IN {REQUEST_STATES}", name="state"),
        Index("uq_change_request_open", "engagement_id", "kind", unique=True,
              postgresql_where=text("state = 'open'")),
    )  # fmt: skip

    @classmethod
    def ask(
        cls, engagement: Engagement, kind: str, wish: dict[str, Any], by: Person, note: str
    ) -> bool:
        """Put it to the firm; False where one of the kind waits for its answer already."""
        if engagement.open_request(kind):
            return False
        made = cls(kind=kind, wish=wish, asked_by=by, note=note[:500])
        engagement.requests.append(made)
        session.flush()
        audit.record("change_request.asked", made, kind=kind, wish=wish)
        outbox.enqueue("engagements.change_requested", made.id)
        return True

    def wished(self, name: str) -> date:
        """One of the wish's dates."""
        return date.fromisoformat(self.wish[name])

    def answered(self, state: str, by: Person, answer: str = "") -> None:
        """Accepted or declined, once; answering again changes nothing."""
        if self.state != "open":
            return
        self.state, self.answer = state, answer
        self.answered_by_id, self.answered_at = by.id, clock.now()
        audit.record(f"change_request.{state}", self, reason=answer)
