"""What was typed before the agreement: the parties as they are going to be."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from sqlalchemy.dialects.postgresql import insert

from webapp import audit
from webapp.access import Role
from webapp.accounts.models import Company, Person
from webapp.accounts.tax_ids import of_country
from webapp.db import session


@dataclass(frozen=True)
class Draft:
    """company_id: a company on file, chosen by one who may; person_id: the client signed in then.

    Neither ever comes from a form field alone: the views check it against the viewer.
    """

    company_id: str = ""
    person_id: str = ""
    company_name: str = ""
    time_zone: str = ""
    country: str = ""
    address: str = ""
    postal_code: str = ""
    tax_number: str = ""
    purchase_order: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        return cls(**{key: str(value or "") for key, value in stored.items() if key in known})

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    @property
    def complete(self) -> bool:
        return bool((self.company_id or self.company_name) and self.contact_email)

    # A mail can be addressed to a draft: it has a name, an e-mail and a zone.
    @property
    def name(self) -> str:
        return self.contact_name

    @property
    def email(self) -> str:
        return self.contact_email

    def known_company(self) -> Company | None:
        return session.get(Company, uuid.UUID(self.company_id)) if self.company_id else None

    def company(self) -> Company:
        """The company on file with its blanks filled in, or a new one."""
        company = self.known_company() or Company(name=self.company_name, time_zone=self.time_zone)
        company.country = company.country or self.country
        company.address = company.address or self.address
        company.postal_code = company.postal_code or self.postal_code
        company.purchase_order = self.purchase_order or company.purchase_order or ""
        session.add(company)
        session.flush()
        self._keep_tax_number(company)
        return company

    def _keep_tax_number(self, company: Company) -> None:
        if not self.tax_number:
            return
        kind, value = of_country(company.country, self.tax_number)
        if company.add_tax_id(kind, value):
            audit.record("company.tax_id_added", company, kind=kind, value=value)
            session.flush()

    def sponsor_of(self, company: Company) -> Person:
        """The contact as sponsor and billing contact; an account they have is kept as it is."""
        person = self._person()
        session.add_all(person.join(role, company) for role in (Role.SPONSOR, Role.BILLING))
        session.flush()
        return person

    def _person(self) -> Person:
        if self.person_id and (known := session.get(Person, uuid.UUID(self.person_id))):
            # Only somebody who is signed in adds to their own account.
            known.phone = known.phone or self.contact_phone
            return known
        # Two bookings by one newcomer may be signed at once: the address decides who comes first.
        row = insert(Person).values(
            name=self.contact_name, email=self.contact_email, time_zone=self.time_zone,
            phone=self.contact_phone,
        )  # fmt: skip
        session.execute(row.on_conflict_do_nothing(index_elements=["email"]))
        person = Person.with_email(self.contact_email)
        assert person is not None
        return person
