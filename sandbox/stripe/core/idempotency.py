"""Results kept under idempotency keys, as the API reference describes them.

A result is kept once a request has started to run, whatever came of it; a request whose
parameters are refused, or that is turned away before it runs, leaves nothing behind. Stripe may
forget a key after 24 hours; here it always does, by the account's time.
"""

import hashlib
import json
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import key_reused

LIFETIME = 24 * 3600


def fingerprint(verb: str, path: str, raw: dict[str, Any]) -> str:
    text = json.dumps([verb, path, raw], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def recall(account: Account, key: str | None, print_: str) -> tuple[int, Document] | None:
    """The kept answer; raises ``idempotency_error`` if the key was used for something else."""
    account.store.run("DELETE FROM idempotency WHERE at <= ?", account.now() - LIFETIME)
    rows = account.store.rows("SELECT * FROM idempotency WHERE key = ?", key)
    if not rows:
        return None
    if rows[0]["fingerprint"] != print_:
        raise key_reused(str(key))
    return rows[0]["status"], json.loads(rows[0]["body"])


def keep(account: Account, key: str | None, print_: str, status: int, body: Document) -> None:
    if key:
        account.store.run(
            "INSERT OR IGNORE INTO idempotency (key, fingerprint, status, body, at) "
            "VALUES (?, ?, ?, ?, ?)",
            key,
            print_,
            status,
            json.dumps(body),
            account.now(),
        )
