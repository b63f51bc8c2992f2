"""Something was given back: whoever waits for it shall hear of it at once."""

from __future__ import annotations

import uuid

from sqlalchemy import Text, column, exists, select, table

from webapp import outbox
from webapp.db import session

# The waitlist stands on holds, so that holds and meetings know its table by name only.
_entry = table("waitlist_entry", column("state", Text))


def freed() -> None:
    """Call it in the transaction that gives time or days back; with nobody in line, nothing.

    The planner would find out within a minute. This makes it a second, and within that minute
    a passer-by may not be faster than the line.
    """
    if session.scalar(select(exists().where(_entry.c.state == "waiting"))):
        outbox.enqueue("booking.serve_waitlist", key=f"booking.serve_waitlist:{uuid.uuid4()}")
