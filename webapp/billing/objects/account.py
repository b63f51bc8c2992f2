"""A connected account."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document


@dataclass(frozen=True)
class StripeAccount:
    """requirements: what Stripe wants to know now, in its own names, each once."""

    id: str
    deleted: bool
    country: str
    currency: str
    details_submitted: bool
    payouts_enabled: bool
    transfers_active: bool
    requirements: tuple[str, ...]
    disabled_reason: str
    livemode: bool
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeAccount:
        wanted = found.get("requirements") or {}
        due = [*(wanted.get("past_due") or []), *(wanted.get("currently_due") or [])]
        return cls(
            id=found["id"],
            deleted=found.get("deleted", False),
            country=found.get("country") or "",
            currency=(found.get("default_currency") or "").upper(),
            details_submitted=found.get("details_submitted", False),
            payouts_enabled=found.get("payouts_enabled", False),
            transfers_active=(found.get("capabilities") or {}).get("transfers") == "active",
            requirements=tuple(dict.fromkeys(due)),
            disabled_reason=wanted.get("disabled_reason") or "",
            livemode=found.get("livemode", False),
            metadata=found.get("metadata") or {},
        )
