"""The Stripe stand-in's own controls (not part of Stripe's interface)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.request import Request

from sandbox.ports import DIRECT


class StandInDown(Exception):
    """The stand-in does not answer, or not as it should."""


class Deliveries(NamedTuple):
    """Webhooks that could not be delivered yet, and those delivered since the beginning."""

    pending: int
    delivered: int


@dataclass(frozen=True)
class StandIn:
    """``base`` is its address; see sandbox/stripe/control.py for what it offers."""

    base: str

    def next_due(self) -> datetime | None:
        """When something would next happen there by itself: a renewal, a final invoice, a retry."""
        due = self.get("next_due")["at"]
        return None if due is None else instant(due)

    def begin(self, at: datetime) -> None:
        """Time runs from then, whether past or to come; only while nothing is there yet."""
        self.post("begin", {"at": int(at.timestamp())})

    def advance(self, to: datetime) -> None:
        """In whole seconds, cut off. It never goes back."""
        seconds = int(to.timestamp())
        if seconds > self.get("time")["now"]:
            self.post("advance", {"to": seconds})

    def deliver(self) -> Deliveries:
        """Sends the webhooks that wait, now."""
        states = self.post("deliver", {"seconds": 2})
        return Deliveries(states["pending"], states["delivered"])

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """Stripe's documents of one kind, newest first."""
        return list(self.get(f"objects?kind={kind}"))

    def webhooks(self) -> list[dict[str, Any]]:
        """Every delivery, newest first: type, state, attempts, answer."""
        return list(reversed(self.get("webhooks")["deliveries"]))

    def get(self, name: str) -> Any:
        return self.ask(Request(f"{self.base}/_sandbox/{name}"))

    def post(self, name: str, fields: Mapping[str, object]) -> Any:
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json"}
        return self.ask(Request(f"{self.base}/_sandbox/{name}", data=body, headers=headers))

    def ask(self, request: Request) -> Any:
        try:
            with DIRECT.open(request, timeout=60) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise StandInDown(f"{request.full_url}: {error}") from error


def instant(seconds: float) -> datetime:
    """From Unix time."""
    return datetime.fromtimestamp(seconds, UTC)
