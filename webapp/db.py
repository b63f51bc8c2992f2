"""Engine, session, Base; the places where a request or a job commits.

One request and one job are one transaction each: `transaction()` is that edge. Two exceptions:
`attempt` (commit an intent, call the world outside with no transaction open, commit the result)
and `aside` (what must be kept although the request is refused).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from sqlalchemy import BigInteger, DateTime, Engine, MetaData, Text, create_engine, func
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    scoped_session,
    sessionmaker,
)

Outcome = TypeVar("Outcome")
Kept = TypeVar("Kept")

session = scoped_session(sessionmaker())

# An amount of money: 32 bits would end at some 21 million dollars.
Minor = Annotated[int, "minor units of a currency"]


class Base(DeclarativeBase):
    """Every table; ids are UUIDv7 made by PostgreSQL, so they are random and sort by age."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        Minor: BigInteger(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


class Identified:
    """A table with a public id."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())


Email = CITEXT
Day = date


def connect(url: str, **options: Any) -> Engine:
    """Bind the process's session to a database; the pool gives up after two seconds (503)."""
    settings: dict[str, Any] = {"pool_pre_ping": True, "pool_timeout": 2, "pool_size": 8}
    engine = create_engine(url, **(settings | options))
    session.remove()
    session.configure(bind=engine)
    return engine


@contextmanager
def transaction() -> Iterator[None]:
    """The edge: returning commits, raising rolls back."""
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def attempt(call: Callable[[], Outcome], keep: Callable[[Outcome], Kept]) -> Kept:
    """Commit the intent written so far, call outside with no transaction open, commit the result.

    `call` touches no mapped object (it runs with no transaction); `keep` writes what came back.
    What `call` raises passes through and the intent stays committed.
    """
    session.commit()
    outcome = call()
    kept = keep(outcome)
    session.commit()
    return kept


@contextmanager
def aside() -> Iterator[Session]:
    """A transaction of its own, for what must stay although the request is refused."""
    with Session(session.get_bind()) as own, own.begin():
        yield own
