"""Stripe's search queries: clauses of ``field:value`` joined by AND or by OR.

Source: the search page of the API documentation. A value is a quoted string, a number or null;
``:`` is equality, ``~`` contains, ``<`` ``>`` ``<=`` ``>=`` compare, a leading ``-`` negates.
Unlike the real index, which lags by up to a minute, this one is always up to date.
"""

import re
from collections.abc import Callable
from typing import Any

from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.paging import DEFAULT_LIMIT

_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>\w+)(?:\[["'](?P<key>[^"']+)["']\])?\s*(?P<op>:|~|<=|>=|<|>)\s*"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[\w.]+))\s*"""
)
_JOIN = re.compile(r"(AND|OR)\b", re.IGNORECASE)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ":": lambda found, wanted: str(found).casefold() == wanted.casefold(),
    "~": lambda found, wanted: wanted.casefold() in str(found).casefold(),
    "<": lambda found, wanted: found < float(wanted),
    ">": lambda found, wanted: found > float(wanted),
    "<=": lambda found, wanted: found <= float(wanted),
    ">=": lambda found, wanted: found >= float(wanted),
}


def search(rows: list[Document], params: dict[str, Any], url: str) -> Document:
    """Matching rows as a search result object; ``page`` is the offset of the next page."""
    accept = parse(params["query"])
    limit, start = params.get("limit", DEFAULT_LIMIT), int(params.get("page", 0))
    found = [row for row in rows if accept(row)]
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def parse(query: str) -> Callable[[Document], bool]:
    clauses, joins = _split(query)
    if len(set(joins)) > 1:
        raise invalid("A query cannot mix AND with OR.", "query")
    every = any if "OR" in joins else all
    return lambda row: every(_holds(clause, row) for clause in clauses)


def _split(query: str) -> tuple[list[re.Match[str]], list[str]]:
    clauses: list[re.Match[str]] = []
    joins: list[str] = []
    at = 0
    while True:
        clause = _CLAUSE.match(query, at)
        if clause is None:
            raise invalid(
                f"The search query could not be read at: {query[at : at + 30]!r}", "query"
            )
        clauses.append(clause)
        at = clause.end()
        if at >= len(query):
            return clauses, joins
        join = _JOIN.match(query, at)
        joins.append(join[1].upper() if join else "AND")
        at = join.end() if join else at


def _holds(clause: re.Match[str], row: Document) -> bool:
    return _meets(clause, row) != bool(clause["not"])


def _meets(clause: re.Match[str], row: Document) -> bool:
    found = row.get(clause["field"])
    if clause["key"]:
        found = (found or {}).get(clause["key"])
    if clause["bare"] == "null":
        return found is None
    quoted = next((clause[g] for g in ("double", "single") if clause[g] is not None), None)
    wanted = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else clause["bare"]
    return found is not None and _COMPARE[clause["op"]](found, wanted)
