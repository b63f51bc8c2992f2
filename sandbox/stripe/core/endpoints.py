"""The register of API methods: each is one method of the SDK and the function that plays it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import not_imitated
from sandbox.stripe.sdk.operations import Operation, operation

Params = dict[str, Any]
Act = Callable[..., Document]


@dataclass(frozen=True)
class Endpoint:
    name: str
    act: Act
    """Called with the account, the parameters and the ids of the path; returns what to show."""
    acts_on: frozenset[str]
    for_connected: bool = False
    """Whether it can be called for a connected account."""

    @property
    def operation(self) -> Operation:
        return operation(self.name)

    def check_scope(self, params: Params) -> None:
        """Refuse a parameter this function would silently ignore."""
        for path in _paths(params):
            prefixes = {path[: i or None] for i in _cuts(path)}
            if not prefixes & self.acts_on:
                raise not_imitated(path)


def _cuts(path: str) -> list[int]:
    return [0, *(i for i, c in enumerate(path) if c == ".")]


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of everything given; the items of a list share their list's name."""
    if isinstance(value, dict) and (value or not prefix):
        for key, inner in value.items():
            yield from _paths(inner, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _paths(inner, prefix)
    else:
        yield prefix


ENDPOINTS: list[Endpoint] = []


def endpoint(name: str, acts_on: str = "", *, for_connected: bool = False) -> Callable[[Act], Act]:
    """Register the function that plays the SDK method of this name.

    ``acts_on`` lists the parameters it honours, nested ones as ``outer.inner``; any other that
    Stripe knows is refused rather than ignored. ``for_connected``: it heeds ``Stripe-Account``.
    """

    def register(act: Act) -> Act:
        ENDPOINTS.append(Endpoint(name, act, frozenset(acts_on.split()), for_connected))
        return act

    return register
