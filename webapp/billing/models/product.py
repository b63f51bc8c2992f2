"""Which of our products Stripe has, and by which name, so that each is made once."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp.billing.objects.product import KINDS, ProductFacts
from webapp.db import Base, Identified, session


class Product(Identified, Base):
    """stripe_id is 'rh_<kind>_<offering or all>', in test mode and in live mode alike."""

    __tablename__ = "stripe_product"

    stripe_id: Mapped[str]
    livemode: Mapped[bool]
    kind: Mapped[str]
    offering_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offering.id"))
    name: Mapped[str]

    __table_args__ = (
        UniqueConstraint("stripe_id", "livemode"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
    )

    @classmethod
    def known(cls, facts: ProductFacts, livemode: bool) -> bool:
        """Whether Stripe has it, by the name it has now."""
        row = select(cls.id).filter_by(stripe_id=facts.stripe_id, livemode=livemode)
        return session.scalar(row.where(cls.name == facts.name)) is not None

    @classmethod
    def note(cls, facts: ProductFacts, livemode: bool) -> None:
        row = insert(cls).values(
            stripe_id=facts.stripe_id, livemode=livemode, kind=facts.kind,
            offering_id=facts.offering_id, name=facts.name,
        )  # fmt: skip
        once = ["stripe_id", "livemode"]
        session.execute(row.on_conflict_do_update(index_elements=once, set_={"name": facts.name}))
