"""Taking what others may want at the same moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from webapp.booking.models.refusals import SlotTaken
from webapp.db import session

Outcome = TypeVar("Outcome")

TRIES = 4
LOCK_TIMEOUT = "3s"
# https://www.postgresql.org/docs/18/errcodes-appendix.html
EXCLUSION_VIOLATION = "23P01"
PASSING = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock not available


def contend(step: Callable[[], Outcome]) -> Outcome:
    """Run a step that competes for rows, in a savepoint: whole or not at all.

    The savepoint is the depth at which to try again: PostgreSQL lets go of what the step locked,
    while the request's own work stands. A deadlock or lock timeout is tried again three times;
    the last one passes through (OperationalError, answered with 503). An exclusion violation, from
    wherever, is SlotTaken.
    """
    for attempt in range(1, TRIES):
        try:
            return _once(step)
        except OperationalError as error:
            if code(error) not in PASSING:
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311
    return _once(step)


def _once(step: Callable[[], Outcome]) -> Outcome:
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            return step()
    except IntegrityError as error:
        if code(error) == EXCLUSION_VIOLATION:
            raise SlotTaken from error
        raise


def code(error: DBAPIError) -> str:
    """The SQLSTATE of what went wrong; '' when the connection broke."""
    return str(getattr(error.orig, "sqlstate", None) or "")
