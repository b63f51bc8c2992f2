"""What a client gets back of what was invoiced: written down once, then made as credit notes."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money

KINDS = ("pause", "proration", "overage", "deposit")
STATES = ("intended", "placed")


class CreditDiffers(ValueError):
    """The same piece, with another amount."""


class Credit(Identified, Base):
    """key: one piece of what is given back, for good, such as 'pause:<pause>'.

    amount_minor: before tax; [starts, ends): the local days that were paid and are not used (none
    for a deposit); minutes: of overage that was billed and is not owed. States: intended (its
    charges may not be final yet), placed (its credit notes are written down). short_minor: what of
    it was not there to give, since it had been given back before.
    """

    __tablename__ = "credit"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    label: Mapped[str]
    amount_minor: Mapped[Minor]
    short_minor: Mapped[Minor]
    minutes: Mapped[int | None]
    currency: Mapped[str]
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("amount_minor > 0 AND short_minor BETWEEN 0 AND amount_minor",
                        name="amount"),
    )  # fmt: skip

    @classmethod
    def intend(
        cls,
        engagement: Engagement,
        kind: str,
        key: str,
        label: str,
        amount: Money,
        days: tuple[date, date] | None = None,
        minutes: int | None = None,
    ) -> Credit:
        """Write down what is given back, once for its key; a job places it on the invoices that
        charged it. Raises CreditDiffers for a known key with another amount."""
        if amount.currency != engagement.terms.currency:
            raise ValueError(f"{amount.currency} on an engagement in {engagement.terms.currency}")
        starts, ends = days or (None, None)
        row = insert(cls).values(
            engagement_id=engagement.id, key=key, kind=kind, label=label[:500], starts=starts,
            ends=ends, amount_minor=amount.minor, short_minor=0, currency=amount.currency,
            state="intended", minutes=minutes, created_at=clock.now(),
        )  # fmt: skip
        made = session.scalar(row.on_conflict_do_nothing().returning(cls.id))
        credit = session.scalars(select(cls).where(cls.key == key)).one()
        if made:
            audit.record("credit.intended", credit, engagement=str(engagement.id), kind=kind,
                         minor=amount.minor)  # fmt: skip
            outbox.enqueue("billing.place_credit", credit.id)
        elif credit.amount != amount or credit.engagement_id != engagement.id:
            raise CreditDiffers(f"{key} stands at {credit.amount.format()}")
        return credit

    @classmethod
    def of(cls, engagement: Engagement, kind: str | None = None) -> list[Credit]:
        """The oldest first."""
        rows = select(cls).where(cls.engagement_id == engagement.id).order_by(cls.id)
        return list(session.scalars(rows.where(cls.kind == kind) if kind else rows))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def placed(self, short: Money) -> None:
        """Its notes are written down."""
        self.state, self.short_minor = "placed", short.minor
        audit.record("credit.placed", self, minor=self.amount_minor, short=short.minor)
