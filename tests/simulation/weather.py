"""What goes wrong between Stripe and us, drawn at random: webhooks, and answers to our calls."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.standin import StandIn

# One webhook in twenty never comes.
LOST = 0.05
# On one day in five none comes at all: they are late.
LATE = 0.2
BAD_DAY = 0.15
A_DAY = 86_400.0
FAULTS = (
    ("POST /v1/*", "lost_response"),
    ("POST /v1/*", "500"),
    ("GET /v1/*", "500"),
    ("*", "429"),
    ("POST /v1/*", "409"),
)


@dataclass
class Weather:
    """Drawn day by day; `clear` lets the sun shine."""

    random: random.Random
    stripe: StandIn

    def begin(self) -> None:
        """Each event comes once more than it should, in no order; some never do. None is tried
        before the day's delivery."""
        self.stripe.control("switches", duplicate=1, reorder=True, drop=LOST, delay=A_DAY)

    def draw(self) -> None:
        """On a bad day the next call that fits goes wrong, in one of five ways."""
        if self.random.random() < BAD_DAY:
            match, kind = self.random.choice(FAULTS)
            self.stripe.fault(match, kind)

    def brings_webhooks(self) -> bool:
        return self.random.random() >= LATE

    def clear(self) -> None:
        """From now on all goes well; what was lost stays lost."""
        self.stripe.control("switches", duplicate=0, reorder=False, drop=0, delay=0)
        self.stripe.web.delete(f"{self.stripe.base}/_sandbox/faults")
