"""Every message as it came, an .eml file each, beside an index that can be searched."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    received_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mail_message_id ON mail (message_id)
"""
EVERY = -1
"""As a limit: none."""
COLUMNS = "id, message_id, sender, recipients, subject, received_at"


@dataclass(frozen=True)
class Mail:
    """One received message. ``recipients`` are those of the envelope, lower case."""

    id: int
    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    received_at: datetime

    @classmethod
    def from_row(cls, row: Sequence[str]) -> "Mail":
        number, message_id, sender, recipients, subject, received_at = row
        at = datetime.fromisoformat(received_at)
        return cls(int(number), message_id, sender, json.loads(recipients), subject, at)


@dataclass(frozen=True)
class MailStore:
    """``folder`` is shared: the sink writes, the page reads. Nothing is ever merged or dropped,
    so that a mail sent twice is seen twice."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "MailStore":
        """The store in ``folder``, made where it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = cls(folder)
        with closing(store.connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)
        return store

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.folder / "index.sqlite", timeout=10)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    def add(self, sender: str, recipients: Sequence[str], content: bytes, at: datetime) -> int:
        """``at`` is business time. The file is written first: what the index lists can be read."""
        headers = message_from_bytes(content.split(b"\r\n\r\n", 1)[0], policy=policy.default)
        row = (
            str(headers.get("Message-ID", "")).strip(),
            sender,
            json.dumps([address.lower() for address in recipients]),
            str(headers.get("Subject", "")),
            at.isoformat(),
        )
        with closing(self.connect()) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            number = self.next_number(connection)
            self.path(number).write_bytes(content)
            connection.execute(
                f"INSERT INTO mail ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", (number, *row)
            )
        return number

    def next_number(self, connection: sqlite3.Connection) -> int:
        found = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM mail").fetchone()
        return int(found[0])

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06}.eml"

    def all(self, to: str = "", limit: int = 500) -> list[Mail]:
        """Newest first, ``limit`` at most; ``to`` keeps those with a recipient that contains it."""
        query = f"SELECT {COLUMNS} FROM mail WHERE recipients LIKE ? ORDER BY id DESC LIMIT ?"
        with closing(self.connect()) as connection:
            rows = connection.execute(query, (f"%{to.strip().lower()}%", limit))
            return [Mail.from_row(row) for row in rows]

    def get(self, number: int) -> Mail | None:
        with closing(self.connect()) as connection:
            found = connection.execute(f"SELECT {COLUMNS} FROM mail WHERE id = ?", (number,))
            row = found.fetchone()
        return Mail.from_row(row) if row else None

    def raw(self, number: int) -> bytes:
        return self.path(number).read_bytes()

    def recipients(self) -> list[str]:
        """Every address anything was sent to."""
        with closing(self.connect()) as connection:
            rows = connection.execute("SELECT DISTINCT recipients FROM mail").fetchall()
        return sorted({address for (listed,) in rows for address in json.loads(listed)})

    def duplicates(self) -> dict[str, int]:
        """Message-IDs that came more than once, with how often."""
        query = "SELECT message_id, count(*) FROM mail GROUP BY message_id HAVING count(*) > 1"
        with closing(self.connect()) as connection:
            return dict(connection.execute(query).fetchall())
