"""An event as Stripe sent it."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document

# No id of Stripe's is longer: https://docs.stripe.com/upgrades
LONGEST_NAME = 255


@dataclass(frozen=True)
class SignedEvent:
    """An event as it was sent: the payload says what it is about and is not trusted further."""

    id: str
    type: str
    api_version: str
    livemode: bool
    payload: Document

    @property
    def subject(self) -> Document:
        """The object the event is about, as it was when the event was made."""
        found: Document = self.payload["data"]["object"]
        return found

    @classmethod
    def read(cls, payload: Document) -> SignedEvent:
        """Raises KeyError, TypeError or ValueError for what has not the shape of an event."""
        if not _has_shape(payload):
            raise ValueError("no event of Stripe's")
        return cls(
            id=payload["id"],
            type=payload["type"],
            api_version=payload["api_version"] or "",
            livemode=payload["livemode"],
            payload=payload,
        )


def _has_shape(payload: Document) -> bool:
    """A balance, or an invoice that is only foreseen, has no id; what has one, has it as text."""
    about = payload["data"]["object"]
    return (
        _is_name(payload["id"])
        and _is_name(payload["type"])
        and isinstance(payload["livemode"], bool)
        and isinstance(payload["api_version"], str | None)
        and isinstance(about, dict)
        and (about.get("id") is None or _is_name(about["id"]))
    )


def _is_name(found: object) -> bool:
    return isinstance(found, str) and 0 < len(found) <= LONGEST_NAME
