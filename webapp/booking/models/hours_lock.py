"""Who goes first when hours change at the very moment at which somebody books.

Both sides lock the consultant's row: whoever takes time shares it, whoever changes hours has it
alone. So a booking reads the hours as they are after the change, or the change finds the booking.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from webapp.catalog.models import Consultant
from webapp.db import session


def while_hours_stand(consultant_ids: Collection[uuid.UUID]) -> None:
    """Wait for changes under way, and let none begin before this transaction ends."""
    session.execute(_rows(consultant_ids).with_for_update(read=True)).all()


def while_hours_change(consultant_ids: Collection[uuid.UUID]) -> None:
    """Wait for whoever is taking their time, and let nobody begin before this transaction ends.

    Rows that only point to these consultants go on being written.
    """
    session.execute(_rows(consultant_ids).with_for_update(key_share=True)).all()


def _rows(consultant_ids: Collection[uuid.UUID]) -> Any:
    """In the order of ids, so that no two wait for each other."""
    return select(Consultant.id).where(Consultant.id.in_(consultant_ids)).order_by(Consultant.id)
