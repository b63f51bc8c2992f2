"""Lists a page at a time, by cursor, newest first."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.errors import invalid, missing

DEFAULT_LIMIT, MOST = 10, 100


def page(rows: list[Document], params: dict[str, Any], url: str) -> Document:
    """The asked-for stretch of all matching rows as a list object."""
    limit = _limit(params)
    if "ending_before" in params:
        rest = rows[: _position(rows, params["ending_before"], "ending_before")]
        return listing(rest[-limit:], url, len(rest) > limit)
    start = 0
    if "starting_after" in params:
        start = _position(rows, params["starting_after"], "starting_after") + 1
    rest = rows[start:]
    return listing(rest[:limit], url, len(rest) > limit)


def listed(
    account: Account,
    kind: str,
    params: dict[str, Any],
    url: str,
    accept: Callable[[Document], bool] = lambda _found: True,
    **equal: Any,
) -> Document:
    """The asked-for page of everything of a kind with these fields, by ``created`` too; a long
    account is read no further than the page reaches."""
    created = params.get("created")
    if "ending_before" in params:
        every = [row for row in account.find(kind, **equal) if accept(row)]
        return page(matching(every, params), params, url)
    after, limit = params.get("starting_after"), _limit(params)
    if after is not None and account.store.load(after) is None:
        raise missing("object", after, "starting_after")
    rows = (
        row
        for row in account.store.after(kind, after, _earliest(created), **equal)
        if within(row.get("created", row.get("date")), created) and accept(row)
    )
    found = list(islice(rows, limit + 1))
    return listing(found[:limit], url, len(found) > limit)


def _earliest(created: Any) -> int | None:
    bounds = created if isinstance(created, dict) else {"gte": created}
    found = bounds.get("gte", bounds.get("gt"))
    return None if found is None else int(found)


def _limit(params: dict[str, Any]) -> int:
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MOST:
        raise invalid(f"Invalid integer: limit must be between 1 and {MOST}", "limit")
    return int(limit)


def _position(rows: list[Document], identifier: str, param: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == identifier:
            return index
    raise missing("object", identifier, param)


_BOUNDS = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def within(value: int | None, wanted: Any) -> bool:
    """Whether an instant meets a filter such as ``created``: absent, one instant, or bounds."""
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return value == wanted
    return value is not None and all(_BOUNDS[name](value, bound) for name, bound in wanted.items())


def matching(rows: list[Document], params: dict[str, Any], *names: str) -> list[Document]:
    """Rows whose fields equal those of the named parameters that were given."""
    wanted = {name: params[name] for name in names if name in params}
    rows = [r for r in rows if within(r.get("created", r.get("date")), params.get("created"))]
    return [r for r in rows if all(r.get(name) == value for name, value in wanted.items())]
