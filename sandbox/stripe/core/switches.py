"""How webhooks misbehave on request."""

import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.stripe.core.account import Account


@dataclass(frozen=True)
class Switches:
    duplicate: int = 0
    """Extra copies of each event."""
    reorder: bool = False
    """Shuffle what is waiting before it is sent."""
    delay: float = 0
    """Seconds of machine time before the first attempt."""
    drop: float | list[str] = 0
    """Chance of losing an event for good, or the event types that are lost."""
    forge: bool = False
    """Also send a copy under another id, signed with the wrong secret."""

    @classmethod
    def of(cls, account: Account) -> "Switches":
        return cls(**account.store.setting("switches", {}))

    def drops(self, event_type: str) -> bool:
        if isinstance(self.drop, list):
            return event_type in self.drop
        return random.random() < self.drop

    def save(self, account: Account) -> None:
        account.store.set_setting("switches", asdict(self))


def known(values: dict[str, Any]) -> bool:
    return values.keys() <= {f.name for f in fields(Switches)}
