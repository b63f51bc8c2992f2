"""Chance that can be repeated: with a seed, the nth draw for a purpose is always the same.

Every purpose counts its own draws, so that a call more or less of one kind does not change what
happens to the others.
"""

import random
from typing import Any

from sandbox.stripe.core.account import Account


def sow(account: Account, seed: int | str | None) -> None:
    """Begin anew with this seed; none makes chance unrepeatable again."""
    account.store.run("DELETE FROM settings WHERE name LIKE 'draws:%'")
    account.store.set_setting("seed", seed)


def seed_of(account: Account) -> int | str | None:
    found: int | str | None = account.store.setting("seed", None)
    return found


def _source(account: Account, purpose: str) -> random.Random:
    seed = seed_of(account)
    if seed is None:
        return random.Random()
    drawn = int(account.store.setting(f"draws:{purpose}", 0)) + 1
    account.store.set_setting(f"draws:{purpose}", drawn)
    return random.Random(f"{seed}:{purpose}:{drawn}")


def happens(account: Account, share: float, purpose: str) -> bool:
    """Whether the next one is among the share, of 0 to 1."""
    if share <= 0 or share >= 1:
        return share >= 1
    return _source(account, purpose).random() < share


def shuffle(account: Account, rows: list[Any]) -> None:
    if len(rows) > 1:
        _source(account, "order").shuffle(rows)
