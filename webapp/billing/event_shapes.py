"""Whether what an event is about looks as its type says, as far as we read it.

An event is signed, and yet only its ids are believed: what has another shape is kept for a person
to look at, and not tried again for ever.
"""

from __future__ import annotations

from typing import Any

# What may be missing or null, and is of one of these types otherwise; outer ones first. Nothing is
# expanded in an event.
# https://docs.stripe.com/api/events/types
Types = tuple[type[Any], ...]
OBJECT: Types = (dict,)
TEXT: Types = (str,)
METADATA = {"metadata": OBJECT, "metadata.engagement": TEXT}
SHAPES: dict[str, dict[str, Types]] = {
    "checkout.session": METADATA,
    "customer.subscription": METADATA,
    "invoice": METADATA | {
        "parent": OBJECT,
        "parent.subscription_details": OBJECT,
        "parent.subscription_details.metadata": OBJECT,
        "parent.subscription_details.metadata.engagement": TEXT,
    },
    "refund": {"payment_intent": TEXT},
    "payment_method": {"customer": TEXT},
    "credit_note": METADATA,
}  # fmt: skip


def misshapen(kind: str, subject: dict[str, Any]) -> str:
    """What is wrong with the object of an event of that type, in a sentence; '' when nothing is."""
    noun = kind.rpartition(".")[0]
    for path, types in SHAPES.get(noun, {}).items():
        found = _at(subject, path)
        if found is not None and not isinstance(found, types):
            return f"Not what Stripe says of {noun}: its {path} is a {type(found).__name__}"
    return ""


def _at(subject: dict[str, Any], path: str) -> Any:
    found: Any = subject
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
