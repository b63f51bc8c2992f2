"""People, client companies, and what each person may be: memberships."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.access import CLIENT, FIRM, Role
from webapp.db import Base, Email, Identified, aside, session


class Company(Identified, Base):
    """A client company, with what invoices need.

    address: as it is printed; postal_code: apart, since in some countries it decides on tax.
    net_days: how long they have to pay a sent invoice; None where a card or account is charged.
    """

    __tablename__ = "company"

    name: Mapped[str]
    time_zone: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="", server_default="")
    purchase_order: Mapped[str] = mapped_column(default="")
    net_days: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="company")
    tax_ids: Mapped[list[TaxId]] = relationship(
        back_populates="company", order_by="TaxId.kind", cascade="all, delete-orphan"
    )

    def people(self, *roles: Role) -> list[Person]:
        """Active members holding one of the roles (any, when none is named), oldest first."""
        wanted = set(roles) or CLIENT
        members = sorted(self.memberships, key=lambda m: m.id)
        return list(
            dict.fromkeys(m.person for m in members if m.role in wanted and m.person.active)
        )

    def add_tax_id(self, kind: str, value: str) -> bool:
        """Put a number on the invoices to come; False where it stands there already."""
        if any((row.kind, row.value) == (kind, value) for row in self.tax_ids):
            return False
        self.tax_ids.append(TaxId(kind=kind, value=value))
        return True

    @property
    def sponsor(self) -> Person | None:
        return next(iter(self.people(Role.SPONSOR)), None)

    @property
    def billing_contact(self) -> Person | None:
        return next(iter(self.people(Role.BILLING)), None) or self.sponsor


class TaxId(Identified, Base):
    """By which a tax office knows a company. kind: as Stripe names them; value: without spaces."""

    __tablename__ = "tax_id"

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    kind: Mapped[str]
    value: Mapped[str]
    company: Mapped[Company] = relationship(back_populates="tax_ids")

    __table_args__ = (UniqueConstraint("company_id", "kind", "value"),)


class Person(Identified, UserMixin, Base):  # type: ignore[misc]
    """One login. `password` is an argon2id hash, or None while only links are used."""

    __tablename__ = "person"

    name: Mapped[str]
    email: Mapped[str] = mapped_column(Email, unique=True)
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, default=lambda: uuid.uuid4().hex)
    time_zone: Mapped[str] = mapped_column(default="UTC")
    phone: Mapped[str] = mapped_column(default="")
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="person", lazy="selectin")

    @property
    def roles(self) -> list[Membership]:  # type: ignore[override]
        """What Flask-Security reads as roles."""
        return self.memberships

    @property
    def role_names(self) -> frozenset[Role]:
        return frozenset(Role(member.role) for member in self.memberships)

    @property
    def in_firm(self) -> bool:
        return bool(self.role_names & FIRM)

    @property
    def is_consultant(self) -> bool:
        return Role.CONSULTANT in self.role_names

    @property
    def company_ids(self) -> list[uuid.UUID]:
        return [member.company_id for member in self.memberships if member.company_id]

    @property
    def country(self) -> str:
        """Where their company is (ISO 3166 alpha-2), as far as it is known; '' for the firm's."""
        countries = (member.company.country for member in self.memberships if member.company)
        return next((country for country in countries if country), "")

    def join(self, role: Role, company: Company | None = None) -> Membership:
        """Give the person a role, in the firm or in a client company; a role held is kept."""
        for member in self.memberships:
            if member.role == role and member.company is company:
                return member
        return Membership(person=self, company=company, role=role)

    @classmethod
    def with_email(cls, email: str) -> Person | None:
        found: Person | None = session.scalar(select(cls).where(cls.email == email.strip()))
        return found

    @classmethod
    def coordinators(cls) -> list[Person]:
        """Whom the firm's notices go to: active coordinators; the owners where there is none."""
        for role in (Role.COORDINATOR, Role.OWNER):
            holding = cls.memberships.any(Membership.role == role)
            found = list(session.scalars(select(cls).where(cls.active, holding).order_by(cls.id)))
            if found:
                return found
        return []

    def get_security_payload(self) -> dict[str, Any]:
        return {"name": self.name, "email": self.email}


class Membership(Identified, RoleMixin, Base):  # type: ignore[misc]
    """A role of a person, in the firm (no company) or in one client company."""

    __tablename__ = "membership"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    company_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("company.id"), index=True)
    role: Mapped[str]
    person: Mapped[Person] = relationship(back_populates="memberships")
    # Read with the membership: every page that shows money asks where its reader's company is.
    company: Mapped[Company | None] = relationship(back_populates="memberships", lazy="joined")

    __table_args__ = (
        UniqueConstraint("person_id", "company_id", "role", postgresql_nulls_not_distinct=True),
        CheckConstraint(f"role IN {tuple(str(role) for role in Role)}", name="role"),
        CheckConstraint("(role LIKE 'client_%' OR role = 'observer') = (company_id IS NOT NULL)",
                        name="company_for_clients"),
    )  # fmt: skip

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.role

    def get_permissions(self) -> set[str]:
        return set()


class SignInLink(Identified, Base):
    """A link by e-mail that signs its holder in once; only its hash is kept. Machine time."""

    __tablename__ = "sign_in_link"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    person: Mapped[Person] = relationship()

    @classmethod
    def issue(cls, person: Person, days: int = 1) -> str:
        """A new link's token, shown once: only its hash stays with us."""
        token = secrets.token_urlsafe(32)
        until = clock.machine_now() + timedelta(days=days)
        session.add(cls(person=person, token_hash=_hashed(token), expires_at=until))
        session.flush()
        return token

    @classmethod
    def usable(cls, token: str) -> SignInLink | None:
        """The link of a token that is neither used nor expired, and whose person is active."""
        row: SignInLink | None = session.scalar(
            select(cls).where(cls.token_hash == _hashed(token)).with_for_update()
        )
        fresh = row and row.used_at is None and row.expires_at > clock.machine_now()
        return row if row and fresh and row.person.active else None

    def use(self) -> Person:
        """Spend the link; the holder has shown that the address is theirs."""
        self.used_at = clock.machine_now()
        self.person.confirmed_at = self.person.confirmed_at or clock.now()
        return self.person


class SignInAttempt(Identified, Base):
    """What throttling counts: failed sign-ins and links asked for. Machine time."""

    __tablename__ = "sign_in_attempt"

    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str]
    email: Mapped[str] = mapped_column(Email, index=True)
    address: Mapped[str] = mapped_column(index=True)

    WINDOW: ClassVar[timedelta] = timedelta(minutes=15)
    MOST_PER_EMAIL: ClassVar[int] = 8
    MOST_PER_ADDRESS: ClassVar[int] = 60

    @classmethod
    def too_many(cls, kind: str, email: str, address: str) -> bool:
        """Whether this account, or this address, has to wait; never for longer than WINDOW."""
        recent = (cls.kind == kind) & (cls.at > clock.machine_now() - cls.WINDOW)
        per_email = select(func.count()).where(recent, cls.email == email)
        per_address = select(func.count()).where(recent, cls.address == address)
        return (
            (session.scalar(per_email) or 0) >= cls.MOST_PER_EMAIL
            or (session.scalar(per_address) or 0) >= cls.MOST_PER_ADDRESS
        )  # fmt: skip

    @classmethod
    def note(cls, kind: str, email: str, address: str) -> None:
        with aside() as own:
            own.add(cls(at=clock.machine_now(), kind=kind, email=email, address=address))


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class WebSession(Base):
    """A browser's session, found by the hash of its random cookie. Machine time."""

    __tablename__ = "web_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    data: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(default="")
    agent: Mapped[str] = mapped_column(default="")
