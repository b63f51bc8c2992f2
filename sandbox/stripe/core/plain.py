"""Endpoints that do what they do for most nouns: show one, change fields of it, list them all."""

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.updating import changes

PAGING = "created limit starting_after ending_before"


def retrieves(noun: str, kind: str = "") -> None:
    """``noun`` is the SDK's name of it; ``kind`` the object's own, where that differs."""

    @endpoint(f"{noun}.retrieve")
    def retrieve(account: Account, params: Params, identifier: str) -> Document:
        return account.get(kind or noun, identifier)


def updates(noun: str, acts_on: str, *, told: bool = True) -> None:
    """``acts_on``: the fields that are simply replaced. ``told``: by an event of its own."""

    @endpoint(f"{noun}.update", acts_on)
    def update(account: Account, params: Params, identifier: str) -> Document:
        found = account.get(noun, identifier)
        return change(account, f"{noun}.updated" if told else None, found, **changes(found, params))


def lists(noun: str, *equal: str) -> None:
    """Newest first, a page at a time; ``equal``: the fields by which they may be narrowed."""

    @endpoint(f"{noun}.list", " ".join([PAGING, *equal]))
    def list_all(account: Account, params: Params) -> Document:
        wanted = {name: params[name] for name in equal if name in params}
        return listed(account, noun, params, f"/v1/{noun}s", **wanted)
