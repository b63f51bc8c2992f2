"""What the form of weekly hours sends and shows, and what became of it."""

from __future__ import annotations

import re

from sqlalchemy import select

from webapp.booking.models import WeeklyWindow
from webapp.catalog.models import Consultant
from webapp.db import session


def weekly(consultant: Consultant) -> list[tuple[int, str, str]]:
    rows = select(WeeklyWindow.weekday, WeeklyWindow.starts, WeeklyWindow.ends).where(
        WeeklyWindow.consultant_id == consultant.id
    )
    return sorted(tuple(row) for row in session.execute(rows))  # type: ignore[misc]


def day(weekday: int, *spans: tuple[str, str]) -> dict[str, str]:
    """What the form sends of a weekday's hours."""
    return {
        f"day_{weekday}-{row}-{name}": value
        for row, span in enumerate(spans)
        for name, value in zip(("starts", "ends"), span, strict=True)
    }


def values(page: str) -> dict[str, str]:
    """The times in a form, by the names of their fields; none for empty ones."""
    tags = re.findall(r'<input[^>]*type="time"[^>]*>', page)
    pairs = [
        (re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags
    ]
    return {name[1]: value[1] for name, value in pairs if name and value and value[1]}
