"""Planners: what is due is derived from the database, by any number of runs at once.

`python -m workers.plan` runs every planner once (see __main__.py).
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from webapp.db import session, transaction

Planner = Callable[[], None]

PLANNERS: dict[str, Planner] = {}
EVERY_SECONDS = 60.0
log = structlog.get_logger()


def planner(name: str) -> Callable[[Planner], Planner]:
    """Register a function that inserts what is due; it may run at any time, any number of times."""

    def register(function: Planner) -> Planner:
        PLANNERS[name] = function
        return function

    return register


def everything() -> None:
    """Run each planner in a transaction of its own; one that fails holds up no other."""
    for name, function in sorted(PLANNERS.items()):
        try:
            with transaction():
                function()
        except Exception:
            log.exception("planner.failed", planner=name)
        finally:
            session.remove()
