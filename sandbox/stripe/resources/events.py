"""Events, newest first."""

import fnmatch
from typing import Any

from sandbox.stripe.core.account import Account, acting_for
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves

retrieves("event")


def _recent(account: Account, created: Any) -> list[Document]:
    """All events, or those from the instant on that a filter names, found by their index."""
    bounds = created if isinstance(created, dict) else {"gte": created}
    first = bounds.get("gte", bounds.get("gt"))
    return account.find("event") if first is None else account.store.since("event", first)


@endpoint("event.list", "created limit starting_after ending_before type types", for_connected=True)
def list_all(account: Account, params: Params) -> Document:
    """``type`` may end in ``.*``; a page is by creation, as in the API.

    What happened on a connected account is listed for that account only.
    """
    rows = matching(_recent(account, params.get("created")), params)
    rows = [e for e in rows if e.get("account", "") == acting_for.get()]
    wanted = params.get("types") or [params.get("type", "*")]
    rows = [e for e in rows if any(fnmatch.fnmatchcase(e["type"], w) for w in wanted)]
    return page(rows, params, "/v1/events")
