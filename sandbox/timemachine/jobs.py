"""The app's jobs, as far as moving time needs them: what is under way and what is due next."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

# A leased job counts as under way whatever its lease: the relay hands it over again.
UNDER_WAY = """
SELECT task, count(*), min(last_error) FROM job
WHERE state = 'leased' OR (state = 'waiting' AND run_after <= %(now)s)
GROUP BY task ORDER BY task
"""
NEXT_DUE = "SELECT min(run_after) FROM job WHERE state = 'waiting' AND run_after > %(now)s"


@dataclass(frozen=True)
class Jobs:
    """``url`` is the app's own database address."""

    url: str

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.url.replace("+psycopg", "", 1), autocommit=True)

    def under_way(self, now: datetime) -> list[str]:
        """What is leased or due at ``now``, as "task (how many): last error"."""
        with self.connect() as connection:
            rows = connection.execute(UNDER_WAY, {"now": now}).fetchall()
        return [f"{task} ({count}): {error}" for task, count, error in rows]

    def next_due(self, now: datetime) -> datetime | None:
        with self.connect() as connection:
            row = connection.execute(NEXT_DUE, {"now": now}).fetchone()
        found = row[0] if row else None
        return found if isinstance(found, datetime) else None

    def wake_relay(self) -> None:
        """Time has moved, which commits nothing: the relay would notice a second later."""
        with self.connect() as connection:
            connection.execute("NOTIFY job")
