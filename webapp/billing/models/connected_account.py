"""A consultant's account at Stripe, into which their shares are sent."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.objects.account import StripeAccount
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified, session


class ConnectedAccount(Identified, Base):
    """stripe_id is None while Stripe may or may not have heard of it ('account:<id>:<attempt>').

    requirements: what Stripe still wants to know, in its own names; disabled_reason likewise.
    """

    __tablename__ = "connected_account"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[datetime] = mapped_column(default=clock.now)
    country: Mapped[str] = mapped_column(default="")
    currency: Mapped[str] = mapped_column(default="")
    details_submitted: Mapped[bool] = mapped_column(default=False)
    payouts_enabled: Mapped[bool] = mapped_column(default=False)
    transfers_active: Mapped[bool] = mapped_column(default=False)
    requirements: Mapped[list[Any]] = mapped_column(default=list)
    disabled_reason: Mapped[str] = mapped_column(default="")
    deleted: Mapped[bool] = mapped_column(default=False)
    livemode: Mapped[bool] = mapped_column(default=False)
    synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    consultant: Mapped[Consultant] = relationship()

    @classmethod
    def of(cls, consultant_id: uuid.UUID) -> ConnectedAccount | None:
        return session.scalar(select(cls).where(cls.consultant_id == consultant_id))

    @classmethod
    def begin(cls, consultant: Consultant) -> ConnectedAccount:
        """The consultant's one account, locked; written down before Stripe is asked for it."""
        now = clock.now()
        row = insert(cls).values(
            consultant_id=consultant.id, country=consultant.country, attempt=0, attempted_at=now,
            currency="", details_submitted=False, payouts_enabled=False, transfers_active=False,
            requirements=[], disabled_reason="", deleted=False, livemode=False, created_at=now,
        )  # fmt: skip
        if session.scalar(row.on_conflict_do_nothing().returning(cls.id)):
            audit.record("connected_account.begun", consultant)
        mine = select(cls).where(cls.consultant_id == consultant.id).with_for_update()
        return session.scalars(mine).one()

    @property
    def call_key(self) -> str:
        return f"account:{self.id}:{self.attempt}"

    @property
    def enabled(self) -> bool:
        """Whether money sent there reaches the consultant."""
        return self.payouts_enabled and self.transfers_active and not self.deleted

    def take(self, found: StripeAccount) -> None:
        """Be what Stripe says now; what waited for it goes on its way."""
        before = self.enabled
        self.stripe_id, self.deleted = found.id, found.deleted
        self.country, self.currency = found.country or self.country, found.currency
        self.details_submitted = found.details_submitted
        self.payouts_enabled = found.payouts_enabled
        self.transfers_active = found.transfers_active
        self.requirements = list(found.requirements)
        self.disabled_reason = found.disabled_reason
        self.livemode, self.synced_at = found.livemode, clock.now()
        session.flush()
        if self.enabled != before:
            state = "enabled" if self.enabled else "disabled"
            audit.record(f"connected_account.{state}", self, consultant=str(self.consultant_id))
        if self.enabled and not before:
            key = f"billing.release_transfers:{self.consultant_id}:{clock.now().isoformat()}"
            outbox.enqueue("billing.release_transfers", self.consultant_id, key=key)

    def gone(self) -> None:
        """Deleted at Stripe: the next setting up makes another."""
        self.deleted, self.payouts_enabled, self.transfers_active = True, False, False

    def begin_again(self) -> None:
        """The account was deleted, or its key was spent on a fault of Stripe's."""
        self.stripe_id, self.deleted = None, False
        self.attempt, self.attempted_at = self.attempt + 1, clock.now()
