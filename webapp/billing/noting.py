"""What a piece of work changes in the mirrors, noted while it is written to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from webapp.db import session

# [noun, Stripe's id, field, before, after]; the field is 'existence' for what was not here before.
Change = list[str]
NOT_TOLD = frozenset({"id", "stripe_id", "synced_at", "livemode"})


@contextmanager
def noted() -> Iterator[list[Change]]:
    """Collect the changes of mirror rows that are flushed inside the block, and at its end."""
    changes: list[Change] = []

    def look(flushing: Session, *_: Any) -> None:
        for row in flushing.new:
            changes.extend(_new(row))
        for row in flushing.dirty:
            changes.extend(_changed(row))

    own = session()
    event.listen(own, "before_flush", look)
    try:
        yield changes
        session.flush()
    finally:
        event.remove(own, "before_flush", look)


def _new(row: Any) -> Iterator[Change]:
    if getattr(row, "stripe_id", None):
        yield [row.__tablename__, row.stripe_id, "existence", "not here", "here"]


def _changed(row: Any) -> Iterator[Change]:
    if not getattr(row, "stripe_id", None):
        return
    state = inspect(row)
    for name in sorted(set(state.mapper.column_attrs.keys()) - NOT_TOLD):
        history = state.attrs[name].history
        if history.added and history.deleted:
            before, after = written(history.deleted[0]), written(history.added[0])
            if before != after:
                yield [row.__tablename__, row.stripe_id, name, before, after]


def written(value: Any) -> str:
    """A value as text: instants in ISO, nothing as '–', lists by their length."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return f"{len(value)} lines"
    return str(value)
