"""API calls that go wrong on request.

A fault is ``{"match": "POST /v1/checkout/sessions", "kind": ..., "times": n}`` for the next n calls
that match, or ``{"match": ..., "kind": ..., "share": 0.02}`` for that share of them until it is
cleared. ``match`` is a verb and a path, with ``*`` for any stretch of it. The first that applies to
a call is used. Kinds:

* ``429``: refused before anything happens, nothing stored for the idempotency key; with a
  ``Retry-After`` of ``retry_after`` seconds if that is given;
* ``500``: nothing happens; the answer is stored for the key, as Stripe does, unless ``stored`` is
  false;
* ``500_after``: everything happens, and the answer is a 500 all the same, stored for the key;
* ``409``: refused because of another request, nothing stored;
* ``timeout``: nothing happens and no answer comes within ``seconds`` (default 30);
* ``timeout_after``: everything happens and no answer comes within ``seconds``;
* ``lost_request``: nothing happens and the connection drops;
* ``lost_response``: everything happens and the connection drops instead of answering.

What is stored or not follows https://docs.stripe.com/api/idempotent_requests and
https://docs.stripe.com/error-low-level.
"""

import fnmatch
import json
from typing import Any

from sandbox.stripe.core import chance
from sandbox.stripe.core.account import Account

BEFORE = frozenset({"timeout", "lost_request"})
"""These end before anything happens, without an answer."""
AFTER = frozenset({"timeout_after", "lost_response"})
"""These lose the answer of what has happened."""
KINDS = BEFORE | AFTER | {"429", "500", "500_after", "409"}
_FOR_EVER = -1


def check(fault: Any) -> None:
    """Raises ``ValueError`` for a fault that is not of the form above."""
    fine = isinstance(fault, dict) and isinstance(fault.get("match"), str)
    if not fine or str(fault.get("kind")) not in KINDS:
        raise ValueError(f"a fault needs 'match' and a 'kind' of {sorted(KINDS)}")
    if not 0 <= float(fault.get("share", 1)) <= 1:
        raise ValueError("'share' is a number from 0 to 1")


def add(account: Account, fault: dict[str, Any]) -> None:
    """Raises ``ValueError`` as ``check`` does."""
    check(fault)
    times = fault.get("times", _FOR_EVER if "share" in fault else 1)
    account.store.run(
        "INSERT INTO faults (fault, remaining) VALUES (?, ?)",
        json.dumps(fault | {"kind": str(fault["kind"])}),
        int(times),
    )


def clear(account: Account) -> None:
    account.store.run("DELETE FROM faults")


def take(account: Account, verb: str, path: str) -> dict[str, Any] | None:
    """The first fault that applies to this call, using one up."""
    for row in account.store.rows("SELECT * FROM faults WHERE remaining != 0 ORDER BY seq"):
        fault: dict[str, Any] = json.loads(row["fault"])
        if fnmatch.fnmatchcase(f"{verb} {path}", fault["match"]) and _strikes(account, fault):
            if row["remaining"] > 0:
                sql = "UPDATE faults SET remaining = remaining - 1 WHERE seq = ?"
                account.store.run(sql, row["seq"])
            return fault
    return None


def _strikes(account: Account, fault: dict[str, Any]) -> bool:
    purpose = f"fault {fault['kind']} {fault['match']}"
    return chance.happens(account, float(fault.get("share", 1)), purpose)


def waiting(account: Account) -> list[dict[str, Any]]:
    sql = "SELECT fault, remaining FROM faults WHERE remaining != 0 ORDER BY seq"
    return [_shown(json.loads(row["fault"]), row["remaining"]) for row in account.store.rows(sql)]


def _shown(fault: dict[str, Any], remaining: int) -> dict[str, Any]:
    return fault | ({} if remaining == _FOR_EVER else {"times": remaining})
