"""A client company as Stripe's customer, with the card on file."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.accounts.models import Company
from webapp.billing.models.mirror import Mirrored
from webapp.billing.objects.customer import CustomerDetails, StripeCard
from webapp.db import Base, Identified, session


class Customer(Identified, Mirrored, Base):
    """card_expires: 'MM/YYYY'; all of the card is '' while none is on file."""

    __tablename__ = "stripe_customer"

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), unique=True)
    card_brand: Mapped[str] = mapped_column(default="")
    card_last4: Mapped[str] = mapped_column(default="")
    card_expires: Mapped[str] = mapped_column(default="")
    company: Mapped[Company] = relationship()

    @classmethod
    def of(cls, company_id: uuid.UUID | None) -> Customer | None:
        return session.scalar(select(cls).where(cls.company_id == company_id))

    @classmethod
    def note(
        cls, company_id: uuid.UUID, stripe_id: str, livemode: bool, replace: bool = False
    ) -> None:
        """Keep which customer a company is. replace: it was made anew for one that was deleted;
        else the one we have stays, since an old event may tell of an older one."""
        values = {"stripe_id": stripe_id, "livemode": livemode, "synced_at": clock.now()}
        row = insert(cls).values(
            company_id=company_id, card_brand="", card_last4="", card_expires="", **values
        )
        if replace:
            row = row.on_conflict_do_update(index_elements=["company_id"], set_=values)
        session.execute(row if replace else row.on_conflict_do_nothing())

    def take_card(self, card: StripeCard) -> None:
        self.card_brand, self.card_last4 = card.brand, card.last4
        self.card_expires = card.expires
        self.synced_at = clock.now()


def details_of(company: Company) -> CustomerDetails:
    """What Stripe prints on the company's invoices, and where it writes to."""
    contact = company.billing_contact
    return CustomerDetails(
        company=str(company.id),
        name=company.name,
        email=contact.email if contact else "",
        address=company.address,
        country=company.country,
        purchase_order=company.purchase_order,
    )
