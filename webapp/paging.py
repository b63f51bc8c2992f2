"""Long lists in pages: one query for the rows, one for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.db import session

Row = TypeVar("Row")
PER_PAGE = 50
FARTHEST = 100_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    number: int
    total: int
    per_page: int = PER_PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def previous_url(self) -> str | None:
        return _url(self.number - 1) if self.number > 1 else None

    @property
    def next_url(self) -> str | None:
        return _url(self.number + 1) if self.number < self.pages else None


def paged(rows: Select[Any], per_page: int = PER_PAGE) -> Page[Any]:
    """The page that the request asks for (?page=, from 1; nonsense is the first)."""
    number = _number()
    total = session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
    found = session.scalars(rows.limit(per_page).offset((number - 1) * per_page)).unique().all()
    return Page(found, number, total, per_page)


def slice_of(rows: Sequence[Row], per_page: int = PER_PAGE) -> Page[Row]:
    """The page that the request asks for, of rows that are all at hand."""
    number = _number()
    return Page(rows[(number - 1) * per_page : number * per_page], number, len(rows), per_page)


def _number() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), FARTHEST)


def counted(column: InstrumentedAttribute[str]) -> dict[str, int]:
    """How many rows hold each value of a column: what a list's filter shows beside its choices."""
    return dict(session.execute(select(column, func.count()).group_by(column)).all())


def _url(number: int) -> str:
    return f"{request.path}?{urlencode({**request.args.to_dict(), 'page': number})}"
