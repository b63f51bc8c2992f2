"""Everything the stand-in remembers, in one SQLite file, so that a kill -9 loses nothing committed.

One connection behind one re-entrant lock: requests, the clock and the webhook sender take turns,
which is also what makes a double-clicked payment harmless.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import ApiError

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL,
    kind TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_created
    ON objects (kind, json_extract(document, '$.created'));
CREATE INDEX IF NOT EXISTS objects_customer
    ON objects (kind, json_extract(document, '$.customer'));
CREATE INDEX IF NOT EXISTS objects_invoice
    ON objects (kind, json_extract(document, '$.invoice'));
CREATE INDEX IF NOT EXISTS objects_subscription
    ON objects (kind, json_extract(document, '$.parent.subscription_details.subscription'));
CREATE INDEX IF NOT EXISTS objects_intent
    ON objects (kind, json_extract(document, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_holder
    ON objects (kind, json_extract(document, '$._private.holder'));
CREATE INDEX IF NOT EXISTS objects_paying
    ON objects (kind, json_extract(document, '$.payment.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_charge
    ON objects (kind, json_extract(document, '$.charge'));
CREATE INDEX IF NOT EXISTS objects_engagement
    ON objects (kind, json_extract(document, '$.metadata.engagement'));
CREATE INDEX IF NOT EXISTS objects_status ON objects (kind, json_extract(document, '$.status'));
CREATE TABLE IF NOT EXISTS due (
    timeline TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL,
    seq INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, object_id));
CREATE INDEX IF NOT EXISTS due_at ON due (timeline, at, seq);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT, method TEXT, path TEXT, params TEXT,
    idempotency_key TEXT, status INTEGER, replayed INTEGER, fault TEXT, at REAL);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, forged INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL, answer TEXT,
    held_until INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS deliveries_next ON deliveries (state, next_at);
CREATE TABLE IF NOT EXISTS faults (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, fault TEXT NOT NULL, remaining INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS violations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT, problem TEXT, at REAL);
"""

_REMEMBERED = (
    "objects", "due", "idempotency", "calls", "deliveries", "faults", "violations",
)  # fmt: skip
_ALL = (*_REMEMBERED, "settings")


class Store:
    """Documents by id and kind, and plain rows through ``rows`` and ``run``.

    Opening raises ``sqlite3.OperationalError`` while another process has the file open.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._loaded: dict[str, Document] = {}
        self._rehearser: int | None = None
        self._db = sqlite3.connect(path, timeout=1, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # Two stand-ins on one file would each renew every subscription.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def forget(self) -> None:
        """Be as new, but for the address at which the account is reached."""
        with self.transaction():
            for table in _REMEMBERED:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM settings WHERE name <> 'origin'")

    def everything(self) -> dict[str, list[list[Any]]]:
        """The rows of each table, as ``become`` takes them back."""
        with self.transaction():
            return {
                name: [list(row) for row in self.rows(f"SELECT * FROM {name}")] for name in _ALL
            }

    def become(self, everything: dict[str, list[list[Any]]]) -> None:
        """Raises ``ValueError`` unless it is what ``everything`` answers."""
        if everything.keys() != set(_ALL):
            raise ValueError(f"not all of {', '.join(_ALL)}")
        with self.transaction():
            for name, rows in everything.items():
                self._db.execute(f"DELETE FROM {name}")
                for row in rows:
                    places = ", ".join("?" * len(row))
                    self._db.execute(f"INSERT INTO {name} VALUES ({places})", row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit on leaving, roll back on an exception; a nested one joins the outer."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0
                self._loaded.clear()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction: undo what was done if a refusal that keeps nothing comes up."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except ApiError as refusal:
            if not refusal.keeps_effects:
                self._db.execute("ROLLBACK TO attempt")
                self._loaded.clear()
            raise
        finally:
            self._db.execute("RELEASE attempt")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Do things for their result and undo them all on leaving: how previews are computed."""
        with self.transaction():
            self._db.execute("SAVEPOINT rehearsal")
            real, self._loaded = self._loaded, {}
            outer, self._rehearser = self._rehearser, threading.get_ident()
            try:
                yield
            finally:
                self._db.execute("ROLLBACK TO rehearsal")
                self._db.execute("RELEASE rehearsal")
                self._loaded, self._rehearser = real, outer

    @property
    def rehearsing(self) -> bool:
        """Whether whoever asks is in a rehearsal, of which nothing is to be told."""
        return self._rehearser == threading.get_ident()

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement and return the number of rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def save(self, document: Document) -> None:
        text = json.dumps(document)
        if self._depth:
            self._loaded[document["id"]] = document
        self.run(
            "INSERT INTO objects (id, kind, document) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            document["id"],
            document["object"],
            text,
        )

    def remove(self, identifier: str) -> None:
        self._loaded.pop(identifier, None)
        self.run("DELETE FROM objects WHERE id = ?", identifier)

    def load(self, identifier: str) -> Document | None:
        """The document of this id; within a transaction always the same Python object."""
        with self._lock:
            if identifier in self._loaded:
                return self._loaded[identifier]
            found = self.rows("SELECT id, document FROM objects WHERE id = ?", identifier)
            return self._read(found[0]) if found else None

    def find(self, kind: str, **equal: Any) -> list[Document]:
        """Documents of a kind, newest first, whose fields equal the values (``a__b`` is a.b)."""
        clauses = "".join(f" AND json_extract(document, '$.{_path(name)}') = ?" for name in equal)
        sql = f"SELECT id, document FROM objects WHERE kind = ?{clauses} ORDER BY seq DESC"
        with self._lock:
            return [self._read(row) for row in self.rows(sql, kind, *equal.values())]

    def since(self, kind: str, created: int) -> list[Document]:
        """Documents of a kind that were created at or after an instant, newest first."""
        return list(self.after(kind, None, created))

    def after(
        self, kind: str, identifier: str | None, created: int | None = None, **equal: Any
    ) -> Iterator[Document]:
        """What ``find`` would answer after a document, created at or after an instant; only those
        that are taken are read."""
        clauses, values = "", list(equal.values())
        for name in equal:
            clauses += f" AND json_extract(document, '$.{_path(name)}') = ?"
        if created is not None:
            clauses += " AND json_extract(document, '$.created') >= ?"
            values.append(created)
        if identifier is not None:
            clauses += " AND seq < (SELECT seq FROM objects WHERE id = ?)"
            values.append(identifier)
        index = "INDEXED BY objects_created " if created is not None and not equal else ""
        sql = f"SELECT id, document FROM objects {index}WHERE kind = ?{clauses} ORDER BY seq DESC"
        for row in self.rows(sql, kind, *values):
            with self._lock:
                document = self._read(row)
            yield document

    def _read(self, row: sqlite3.Row) -> Document:
        if row["id"] in self._loaded:
            return self._loaded[row["id"]]
        document: Document = json.loads(row["document"])
        if self._depth:
            self._loaded[row["id"]] = document
        return document

    def setting(self, name: str, default: Any) -> Any:
        found = self.rows("SELECT value FROM settings WHERE name = ?", name)
        return json.loads(found[0]["value"]) if found else default

    def set_setting(self, name: str, value: Any) -> None:
        self.run(
            "INSERT INTO settings (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            json.dumps(value),
        )


def _path(name: str) -> str:
    return name.replace("__", ".")
