"""The app's jobs, as far as moving time needs them: what is under way and what is due next."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

import psycopg

Rows = list[tuple[object, ...]]

# A leased job counts as under way whatever its lease: the relay hands it over again.
UNDER_WAY = """
SELECT task, count(*), min(last_error) FROM job
WHERE state = 'leased' OR (state = 'waiting' AND run_after <= %(now)s)
GROUP BY task ORDER BY task
"""
NEXT_DUE = "SELECT min(run_after) FROM job WHERE state = 'waiting' AND run_after > %(now)s"


@dataclass
class Jobs:
    """``url`` is the app's own database address. Its connection is kept between questions, and
    made anew when the database was started again."""

    url: str
    connection: "psycopg.Connection[tuple[object, ...]] | None" = None

    def under_way(self, now: datetime) -> list[str]:
        """What is leased or due at ``now``, as "task (how many): last error"."""
        try:
            rows = self.ask(UNDER_WAY, now)
        except psycopg.OperationalError as error:
            return [f"PostgreSQL does not answer: {error}"]
        return [f"{task} ({count}): {error}" for task, count, error in rows]

    def next_due(self, now: datetime) -> datetime | None:
        ((found,),) = self.ask(NEXT_DUE, now)
        return found if isinstance(found, datetime) else None

    def wake_relay(self) -> None:
        """Time has moved, which commits nothing: the relay would notice a second later."""
        with contextlib.suppress(psycopg.OperationalError):
            self.connected().execute("NOTIFY job")

    def ask(self, query: str, now: datetime) -> Rows:
        return self.connected().execute(query.encode(), {"now": now}).fetchall()

    def connected(self) -> "psycopg.Connection[tuple[object, ...]]":
        if self.connection is None or self.connection.closed:
            address = self.url.replace("+psycopg", "", 1)
            self.connection = psycopg.connect(address, autocommit=True, connect_timeout=5)
        return self.connection
