"""The firm's own rows: its people, its consultants with their hours, what it sells.

What is there already is left as it is: somebody may have changed it.
"""

from collections.abc import Iterator
from functools import cache
from typing import TypeVar

from flask_security import hash_password
from sqlalchemy import select

from sandbox.demo.offerings import OFFERINGS, offering
from sandbox.demo.people import CONSULTANTS, STAFF, Bookable
from webapp.access import Role
from webapp.accounts.models import Company, Person
from webapp.booking.models import CalendarRules, WeeklyWindow
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction

Noun = TypeVar("Noun", Consultant, Offering)

SIGN_IN = ("mateo-villalobos", "amara-okafor")


def load(password: str) -> None:
    """The consultants in SIGN_IN and the firm's staff sign in with that password."""
    with transaction():
        for row in STAFF:
            if not Person.with_email(row.email):
                made = person(row.name, row.email, row.time_zone, password)
                session.add(made.join(row.role))
        for bookable in CONSULTANTS:
            if not known(Consultant, bookable.slug):
                secret = password if bookable.slug in SIGN_IN else None
                session.add_all(consultant(bookable, secret))
                session.flush()
        known_slugs = set(session.scalars(select(Offering.slug)))
        session.add_all(
            offering(position, row)
            for position, row in enumerate(OFFERINGS, start=1)
            if row["slug"] not in known_slugs
        )


def known(noun: type[Noun], slug: str) -> Noun | None:
    found: Noun | None = session.scalar(select(noun).filter_by(slug=slug))
    return found


def person(name: str, email: str, time_zone: str, password: str | None) -> Person:
    secret = hashed(password) if password else None
    made = Person(name=name, email=email, time_zone=time_zone, password=secret)
    session.add(made)
    return made


@cache
def hashed(password: str) -> str:
    """They all have the same one, and argon2 is slow on purpose."""
    secret: str = hash_password(password)
    return secret


def colleague(company: Company, role: Role, name: str, email: str) -> None:
    if not Person.with_email(email):
        session.add(person(name, email, company.time_zone, None).join(role, company))


def consultant(row: Bookable, password: str | None) -> Iterator[object]:
    """The consultant with login, calendar rules and weekly hours."""
    who = person(row.name, row.email, row.time_zone, password)
    session.add(who.join(Role.CONSULTANT))
    made = Consultant(
        person=who, slug=row.slug, headline=row.headline, about=row.about, roles=list(row.roles),
        industries=list(row.industries), languages=list(row.languages), time_zone=row.time_zone,
        country=row.country, days_per_month=row.days_per_month, meeting_place=row.meeting_place,
    )  # fmt: skip
    session.add(made)
    session.flush()
    yield CalendarRules(consultant_id=made.id, **row.rules)
    for hours in row.hours:
        for day in hours.days:
            for starts, ends in hours.windows:
                yield WeeklyWindow(consultant_id=made.id, weekday=day, starts=starts, ends=ends)
