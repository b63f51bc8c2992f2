"""API calls that go wrong on request.

A fault is ``{"match": "POST /v1/checkout/sessions", "kind": ..., "times": n}``. ``match`` is a verb
and a path, with ``*`` for any stretch of it. Kinds:

* ``429``: refused before anything happens, nothing stored for the idempotency key;
* ``500``: nothing happens; the answer is stored for the key, as Stripe does, unless ``stored`` is
  false;
* ``409``: refused because of another request, nothing stored;
* ``timeout``: nothing happens and no answer comes within ``seconds`` (default 30);
* ``lost_response``: everything happens and the connection drops instead of answering.
"""

import fnmatch
import json
from typing import Any

from sandbox.stripe.core.account import Account

KINDS = frozenset({"429", "500", "409", "timeout", "lost_response"})


def add(account: Account, fault: dict[str, Any]) -> None:
    """Raises ``ValueError`` for a fault that is not of the form above."""
    if str(fault.get("kind")) not in KINDS or not isinstance(fault.get("match"), str):
        raise ValueError(f"a fault needs 'match' and a 'kind' of {sorted(KINDS)}")
    account.store.run(
        "INSERT INTO faults (fault, remaining) VALUES (?, ?)",
        json.dumps(fault | {"kind": str(fault["kind"])}),
        int(fault.get("times", 1)),
    )


def clear(account: Account) -> None:
    account.store.run("DELETE FROM faults")


def take(account: Account, verb: str, path: str) -> dict[str, Any] | None:
    """The first fault that matches this call and has some left, using one up."""
    for row in account.store.rows("SELECT * FROM faults WHERE remaining > 0 ORDER BY seq"):
        fault: dict[str, Any] = json.loads(row["fault"])
        if fnmatch.fnmatchcase(f"{verb} {path}", fault["match"]):
            account.store.run(
                "UPDATE faults SET remaining = remaining - 1 WHERE seq = ?", row["seq"]
            )
            return fault
    return None


def waiting(account: Account) -> list[dict[str, Any]]:
    rows = account.store.rows(
        "SELECT fault, remaining FROM faults WHERE remaining > 0 ORDER BY seq"
    )
    return [json.loads(row["fault"]) | {"times": row["remaining"]} for row in rows]
