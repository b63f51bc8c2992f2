"""Events, newest first."""

import fnmatch

from sandbox.stripe.core.account import Account, acting_for
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.paging import matching, page


@endpoint("event.retrieve")
def retrieve(account: Account, params: Params, event: str) -> Document:
    return account.get("event", event)


@endpoint("event.list", "created limit starting_after ending_before type types", for_connected=True)
def list_all(account: Account, params: Params) -> Document:
    """``type`` may end in ``.*``; a page is by creation, as in the API.

    What happened on a connected account is listed for that account only.
    """
    rows = matching(account.find("event"), params)
    rows = [e for e in rows if e.get("account", "") == acting_for.get()]
    wanted = params.get("types") or [params.get("type", "*")]
    rows = [e for e in rows if any(fnmatch.fnmatchcase(e["type"], w) for w in wanted)]
    return page(rows, params, "/v1/events")
