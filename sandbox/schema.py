"""Whether the database already stands at the newest migration, without loading the app to ask."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox.bootstrap import ROOT
from sandbox.credentials import write_private

MIGRATIONS = ROOT / "migrations"


@dataclass(frozen=True)
class Schema:
    """``note`` keeps which migration files led to which version; the same files and the same
    version in the database (``url``, as the app has it) mean that there is nothing to do."""

    url: str
    note: Path

    def is_current(self) -> bool:
        return self.note.exists() and json.loads(self.note.read_text()) == self.seen()

    def remember(self) -> None:
        """After a successful upgrade."""
        write_private(self.note, json.dumps(self.seen()))

    def seen(self) -> dict[str, str | None]:
        return {"files": files_digest(), "version": self.version()}

    def version(self) -> str | None:
        query = "SELECT version_num FROM alembic_version"
        try:
            with psycopg.connect(self.url.replace("+psycopg", "", 1)) as connection:
                row = connection.execute(query).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        return str(row[0]) if row else None


def files_digest() -> str:
    files = sorted(MIGRATIONS.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
