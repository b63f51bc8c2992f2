"""Reads of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, case, select

from webapp.catalog.models import ROLES, Offering
from webapp.db import session


def on_sale(role: str | None = None) -> Sequence[Offering]:
    """What is sold now, of one role or of all, in the firm's order."""
    rows = _ordered(select(Offering).where(Offering.sold))
    return session.scalars(rows.where(Offering.role == role) if role in ROLES else rows).all()


def one_of_each(offerings: Sequence[Offering]) -> list[Offering]:
    """The first offering of each role: a shop window."""
    firsts = {offering.role: offering for offering in reversed(offerings)}
    return [offering for offering in offerings if firsts[offering.role] is offering]


def with_slug(slug: str) -> Offering | None:
    """Sold or not."""
    return session.scalar(select(Offering).where(Offering.slug == slug))


def _ordered(rows: Select[Offering]) -> Select[Offering]:
    by_role = case({role: number for number, role in enumerate(ROLES)}, value=Offering.role)
    return rows.order_by(Offering.position, by_role, Offering.price_minor, Offering.id)
