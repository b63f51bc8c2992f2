"""Where a response or an event that is not what the SDK's types say is written down."""

import time
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.sdk.conformance import object_problems


def check(account: Account, subject: str, document: Document) -> None:
    record(account, subject, object_problems(document))


def record(account: Account, subject: str, found: list[str]) -> None:
    for problem in found:
        account.store.run(
            "INSERT INTO violations (subject, problem, at) VALUES (?, ?, ?)",
            subject,
            problem,
            time.time(),
        )


def violations(account: Account) -> list[dict[str, Any]]:
    rows = account.store.rows("SELECT subject, problem, at FROM violations ORDER BY seq")
    return [dict(row) for row in rows]
