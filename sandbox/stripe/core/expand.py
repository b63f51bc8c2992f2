"""``expand[]``: replaces ids by the objects they name, down to four levels.

Some fields are left out of an object unless they are expanded; a resource registers how such a
field is made with ``includes``.
"""

from collections.abc import Callable
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, public
from sandbox.stripe.core.errors import invalid

Make = Callable[[Account, Document], Any]
Present = Callable[[Account, Document], Document]
_INCLUDED: dict[tuple[str, str], Make] = {}
_PRESENTED: dict[str, Present] = {}
DEEPEST = 4


def includes(kind: str, field: str) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        _INCLUDED[kind, field] = make
        return make

    return register


def presents(kind: str) -> Callable[[Present], Present]:
    """Register how objects of a kind are brought up to date whenever they are shown."""

    def register(present: Present) -> Present:
        _PRESENTED[kind] = present
        return present

    return register


def presented(account: Account, document: Document) -> Document:
    """A public copy of the document as it is at this moment."""
    present = _PRESENTED.get(document.get("object", ""))
    return public(present(account, document) if present else document)


def expand(account: Account, document: Document, paths: list[str]) -> Document:
    """A public copy of the document with every path expanded."""
    shown = presented(account, document)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels: {path}", "expand")
        _walk(account, shown, steps, path)
    return shown


def _walk(account: Account, at: Any, steps: list[str], path: str) -> None:
    if isinstance(at, list):
        for item in at:
            _walk(account, item, steps, path)
        return
    if not steps or at is None:
        return
    if not isinstance(at, dict):
        raise _cannot(path)
    head, *rest = steps
    at[head] = _expanded(account, at, head, path)
    _walk(account, at[head], rest, path)


def _expanded(account: Account, holder: Document, field: str, path: str) -> Any:
    make = _INCLUDED.get((holder.get("object", ""), field))
    if make is not None and field not in holder:
        return public({"made": make(account, holder)})["made"]
    if field not in holder:
        raise _cannot(path)
    value = holder[field]
    if isinstance(value, str):
        return _object(account, value, path)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [_object(account, item, path) for item in value]
    return value


def _object(account: Account, identifier: str, path: str) -> Document:
    found = account.store.load(identifier)
    if found is None:
        raise _cannot(path)
    return presented(account, found)


def _cannot(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
