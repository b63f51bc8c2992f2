"""How deep the tests dig. `RIGHTHAND_DEEP=1` asks for their long forms (docs/operations.md)."""

from __future__ import annotations

import os

DEEP = os.environ.get("RIGHTHAND_DEEP") == "1"


def depth(deep: int, usual: int) -> int:
    """How many examples, rows or rounds: the long form's, or that of every day."""
    return deep if DEEP else usual
