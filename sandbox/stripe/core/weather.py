"""All that goes wrong at once: ``{"seed": 7, "switches": {...}, "faults": [...]}``.

``switches`` are those of ``switches.py`` and ``faults`` those of ``faults.py``; what is not named
is as it should be. With a seed the same calls and events meet with the same misfortune.
"""

from dataclasses import asdict
from typing import Any

from sandbox.stripe.core import chance, faults, switches
from sandbox.stripe.core.account import Account


def set_weather(account: Account, wanted: dict[str, Any]) -> None:
    """Raises ``ValueError``, and changes nothing, for what is not of the form above."""
    given, trouble = wanted.get("switches", {}), wanted.get("faults", [])
    unknown = wanted.keys() - {"seed", "switches", "faults"}
    if unknown or not isinstance(given, dict) or not switches.known(given):
        raise ValueError("weather is made of 'seed', known 'switches' and 'faults'")
    for fault in trouble:
        faults.check(fault)
    with account.store.transaction():
        chance.sow(account, wanted.get("seed"))
        switches.Switches(**given).save(account)
        faults.clear(account)
        for fault in trouble:
            faults.add(account, fault)


def weather(account: Account) -> dict[str, Any]:
    return {
        "seed": chance.seed_of(account),
        "switches": asdict(switches.Switches.of(account)),
        "faults": faults.waiting(account),
    }
