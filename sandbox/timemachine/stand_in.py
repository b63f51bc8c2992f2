"""The Stripe stand-in's own controls (not part of Stripe's interface)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request

from sandbox.ports import DIRECT


class StandInDown(Exception):
    """The stand-in does not answer, or not as it should."""


@dataclass(frozen=True)
class StandIn:
    """``base`` is its address; every answer is a JSON object."""

    base: str

    def now(self) -> datetime:
        return instant(self.get("time")["now"])

    def next_due(self) -> datetime | None:
        """When something would next happen there by itself: a renewal, a final invoice, a retry."""
        due = self.get("next_due")["next_due"]
        return None if due is None else instant(due)

    def advance(self, to: datetime) -> None:
        self.post("advance", {"to": int(to.timestamp())})

    def deliver(self) -> int:
        """Sends the webhooks that wait; returns how many were sent or still wait."""
        answer = self.post("deliver", {})
        return int(answer.get("delivered", 0)) + int(answer.get("pending", 0))

    def objects(self) -> dict[str, Any]:
        return self.get("objects")

    def webhooks(self) -> dict[str, Any]:
        return self.get("webhooks")

    def get(self, name: str) -> dict[str, Any]:
        return self.ask(Request(f"{self.base}/_sandbox/{name}"))

    def post(self, name: str, fields: Mapping[str, object]) -> dict[str, Any]:
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json"}
        return self.ask(Request(f"{self.base}/_sandbox/{name}", data=body, headers=headers))

    def ask(self, request: Request) -> dict[str, Any]:
        try:
            with DIRECT.open(request, timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
        except (OSError, ValueError) as error:
            raise StandInDown(f"{request.full_url}: {error}") from error
        return found


def instant(seconds: float) -> datetime:
    """From Unix time."""
    return datetime.fromtimestamp(seconds, UTC)
