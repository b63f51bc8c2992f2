"""A client company as Stripe's customer, with the card on file."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.accounts.models import Company
from webapp.billing.models.mirror import Mirrored
from webapp.db import Base, Identified


class Customer(Identified, Mirrored, Base):
    __tablename__ = "stripe_customer"

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), unique=True)
    card_brand: Mapped[str] = mapped_column(default="")
    card_last4: Mapped[str] = mapped_column(default="")
    card_expires: Mapped[str] = mapped_column(default="")
    company: Mapped[Company] = relationship()
