"""What is due when, and moving time to it.

Every future act (a renewal, a retry, a session's expiry) is one row per kind and object. Moving a
timeline forward does the rows in order, each in its own transaction with the timeline standing at
the row's instant, so that a kill in between leaves either all or nothing of it.
"""

import sqlite3
import time
from collections.abc import Callable

from sandbox.stripe.core.account import MAIN, Account

Act = Callable[[Account, str], None]
_ACTS: dict[str, Act] = {}


def when_due(kind: str) -> Callable[[Act], Act]:
    """Register what to do for rows of this kind; it gets the object's id and must look whether
    there is still anything to do."""

    def register(act: Act) -> Act:
        _ACTS[kind] = act
        return act

    return register


def schedule(account: Account, kind: str, object_id: str, at: int, timeline: str = MAIN) -> None:
    unschedule(account, kind, object_id)
    account.store.run(
        "INSERT INTO due (timeline, at, kind, object_id) VALUES (?, ?, ?, ?)",
        timeline,
        at,
        kind,
        object_id,
    )


def unschedule(account: Account, kind: str, object_id: str) -> None:
    account.store.run("DELETE FROM due WHERE kind = ? AND object_id = ?", kind, object_id)


def scheduled(account: Account, kind: str, object_id: str) -> int | None:
    rows = account.store.rows(
        "SELECT at FROM due WHERE kind = ? AND object_id = ?", kind, object_id
    )
    return int(rows[0]["at"]) if rows else None


def next_due(account: Account, timeline: str = MAIN) -> int | None:
    """Unix seconds of the next thing that is due on a timeline, or nothing."""
    row = _first(account, timeline)
    return int(row["at"]) if row else None


def _first(account: Account, timeline: str) -> sqlite3.Row | None:
    sql = "SELECT * FROM due WHERE timeline = ? ORDER BY at, seq LIMIT 1"
    return next(iter(account.store.rows(sql, timeline)), None)


def advance(account: Account, to: int, timeline: str = MAIN) -> int:
    """Do everything due up to ``to`` and leave the timeline there; returns how much was done."""
    done = 0
    while _step(account, to, timeline):
        done += 1
    with account.store.transaction():
        _arrive(account, to, timeline)
    return done


def catch_up(account: Account) -> None:
    """Do what real time has made due on the account's own timeline."""
    while _step(account, account.now(), MAIN):
        pass


def _step(account: Account, until: int, timeline: str) -> bool:
    with account.store.transaction():
        row = _first(account, timeline)
        if row is None or row["at"] > until:
            return False
        account.store.run("DELETE FROM due WHERE seq = ?", row["seq"])
        _arrive(account, row["at"], timeline)
        with account.frozen(timeline, row["at"]):
            _ACTS[row["kind"]](account, row["object_id"])
    return True


def _arrive(account: Account, at: int, timeline: str) -> None:
    if timeline == MAIN:
        ahead = at - int(time.time())
        account.store.set_setting("offset", max(ahead, account.offset))
        return
    clock = account.get("test_helpers.test_clock", timeline)
    clock["frozen_time"] = max(at, clock["frozen_time"])
    account.save(clock)
