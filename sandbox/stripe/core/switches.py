"""How webhooks misbehave on request."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.stripe.core import chance
from sandbox.stripe.core.account import Account


@dataclass(frozen=True)
class Switches:
    """All of them combine. A ``..._share`` of 0.05 lets it happen to one event in twenty."""

    duplicate: int = 0
    """Extra copies of an event."""
    duplicate_share: float = 1
    reorder: bool = False
    """Shuffle what is waiting before it is sent."""
    delay: float = 0
    """Seconds of machine time before the first attempt."""
    delay_share: float = 1
    late: float = 0
    """Chance of being held back by ``late_by`` seconds of the account's own time, however often
    delivery is asked for meanwhile."""
    late_by: int = 6 * 3600
    drop: float | list[str] = 0
    """Chance of losing an event for good, or the event types that are lost."""
    forge: bool = False
    """Also send a copy under another id, signed with the wrong secret."""
    forge_share: float = 1

    @classmethod
    def of(cls, account: Account) -> "Switches":
        return cls(**account.store.setting("switches", {}))

    def copies(self, account: Account) -> int:
        """How often an event is sent."""
        again = self.duplicate and chance.happens(account, self.duplicate_share, "duplicate")
        return 1 + (self.duplicate if again else 0)

    def drops(self, account: Account, event_type: str) -> bool:
        if isinstance(self.drop, list):
            return event_type in self.drop
        return chance.happens(account, self.drop, "drop")

    def wait(self, account: Account) -> float:
        delayed = self.delay and chance.happens(account, self.delay_share, "delay")
        return self.delay if delayed else 0

    def held_until(self, account: Account) -> int:
        """Unix seconds of the account's time before which it is not sent; 0 is at once."""
        return account.now() + self.late_by if chance.happens(account, self.late, "late") else 0

    def forges(self, account: Account) -> bool:
        return self.forge and chance.happens(account, self.forge_share, "forge")

    def save(self, account: Account) -> None:
        account.store.set_setting("switches", asdict(self))


def known(values: dict[str, Any]) -> bool:
    return values.keys() <= {f.name for f in fields(Switches)}
