"""Decodes the nested form encoding of the API: ``items[0][price]=p`` and ``expand[]=x``."""

import re
from typing import Any

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Nested dictionaries of strings; lists are dictionaries with the keys ``0``, ``1``, ``2`` …

    Raises ``ValueError`` with the key that cannot be read.
    """
    tree: dict[str, Any] = {}
    for key, value in pairs:
        _put(tree, _steps(key), value, key)
    return tree


def _steps(key: str) -> list[str]:
    match = _KEY.match(key)
    if match is None:
        raise ValueError(key)
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _put(tree: dict[str, Any], steps: list[str], value: str, key: str) -> None:
    head, *rest = steps
    head = head or str(len(tree))
    if not rest:
        tree[head] = value
        return
    branch = tree.setdefault(head, {})
    if not isinstance(branch, dict):
        raise ValueError(key)
    _put(branch, rest, value, key)
