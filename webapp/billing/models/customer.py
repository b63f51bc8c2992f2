"""A client company as Stripe's customer, with the card on file."""

from __future__ import annotations

import uuid
from datetime import date

from dateutil.relativedelta import relativedelta
from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock, outbox
from webapp.accounts.models import Company
from webapp.billing.models.mirror import Mirrored
from webapp.billing.objects.customer import CustomerDetails, StripeMeans
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money


class Customer(Identified, Mirrored, Base):
    """What is on file to be charged: means as Stripe names it ('card', 'sepa_debit',
    'us_bank_account', …), '' while nothing is. card_expires: 'MM/YYYY'; card_last4: of a card or
    an account; fingerprint: the same for the same card, whoever pays with it. credit: what their
    next invoices take off (negative: what they ask for beside).
    """

    __tablename__ = "stripe_customer"

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), unique=True)
    card_brand: Mapped[str] = mapped_column(default="")
    card_last4: Mapped[str] = mapped_column(default="")
    card_expires: Mapped[str] = mapped_column(default="")
    means: Mapped[str] = mapped_column(default="", server_default="")
    bank_name: Mapped[str] = mapped_column(default="", server_default="")
    fingerprint: Mapped[str] = mapped_column(default="", server_default="")
    credit_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    credit_currency: Mapped[str] = mapped_column(default="", server_default="")
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

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.credit_currency or "USD")

    @property
    def named(self) -> str:
        """'Visa ending 4242', 'Bank debit ending 6789'; '' while nothing is on file."""
        if not self.card_last4:
            return ""
        bank = f", {self.bank_name}" if self.bank_name else ""
        what = self.card_brand.capitalize() if self.card_brand else f"Bank debit{bank},"
        return f"{what} ending {self.card_last4}"

    @property
    def last_day(self) -> date | None:
        """The last day on which the card is good; None for what does not expire."""
        if not self.card_expires:
            return None
        month, year = map(int, self.card_expires.split("/"))
        return date(year, month, 1) + relativedelta(months=1, days=-1)

    def take_means(self, found: StripeMeans) -> None:
        """Be what is on file now; other means than before are tried on what failed."""
        before = (self.fingerprint, self.card_last4, self.card_expires)
        self.means, self.fingerprint = found.kind, found.fingerprint
        self.card_brand, self.card_last4 = found.brand, found.last4
        self.card_expires, self.bank_name = found.expires, found.bank
        self.synced_at = clock.now()
        if before[1] and before != (found.fingerprint, found.last4, found.expires):
            means = f"{found.fingerprint or found.last4}:{self.synced_at.isoformat()}"
            outbox.enqueue("billing.pay_failing", self.id, means)


def details_of(company: Company) -> CustomerDetails:
    """What Stripe prints on the company's invoices, and where it writes to."""
    contact = company.billing_contact
    return CustomerDetails(
        company=str(company.id),
        name=company.name,
        email=contact.email if contact else "",
        address=company.address,
        postal_code=company.postal_code,
        country=company.country,
        purchase_order=company.purchase_order,
        tax_ids=tuple((row.kind, row.value) for row in company.tax_ids),
    )
