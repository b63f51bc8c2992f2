"""Objects are kept as the JSON documents Stripe would send, plus one private key.

``document["_private"]`` holds what Stripe knows about an object and never shows (how a test card
behaves, the lines a Checkout page was opened with). ``shape`` fills what a caller leaves out with
null, by the SDK's types, except for fields the API leaves out rather than sends as null.
"""

import copy
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from sandbox.stripe.core.ids import new_id
from sandbox.stripe.sdk.types import fields, is_object_class, is_optional, is_union, object_class

Document = dict[str, Any]
PRIVATE = "_private"

# Fields sent only when they apply or when asked for with expand[], by class name.
_LEFT_OUT: dict[str, frozenset[str]] = {
    "Customer": frozenset(
        {"cash_balance", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}
    ),
    "Subscription": frozenset({"presentment_details"}),
    "Invoice": frozenset({"payments", "confirmation_secret", "amount_paid_off_stripe"}),
    "Session": frozenset({"line_items", "presentment_details"}),
    "Charge": frozenset(
        {"refunds", "level3", "authorization_code", "presentment_details", "transfer"}
    ),
    "PaymentIntent": frozenset({"hooks", "presentment_details", "payment_details"}),
    "Price": frozenset({"currency_options", "tiers"}),
    "Refund": frozenset(
        {"presentment_details", "instructions_email", "next_action", "pending_reason"}
    ),
    "Coupon": frozenset({"applies_to", "currency_options"}),
    "Restrictions": frozenset({"currency_options"}),
    "Event": frozenset({"account", "context"}),
    "Account": frozenset({"company", "groups", "individual"}),
    "BankAccount": frozenset({"customer", "future_requirements", "requirements"}),
    "Data": frozenset({"previous_attributes"}),
    "SubscriptionItem": frozenset({"current_trial"}),
    "Source": frozenset({"coupon"}),
}
# Of these only the member that ``type`` names is sent.
_ONE_OF = frozenset(
    {
        "PaymentMethod",
        "PaymentMethodDetails",
        "NextAction",
        "PaymentMethodOptions",
        "DestinationDetails",
    }
)
# Of these nothing is sent but what is there.
_SPARSE = frozenset({"Capabilities"})


def shape(kind: str, **values: Any) -> Document:
    """A whole document of this kind: the values given, a fresh id, and null for the rest."""
    if "id" not in values and "id" in fields(object_class(kind)):
        values["id"] = new_id(kind)
    return complete({"object": kind} | values, object_class(kind))


def complete(values: Document, cls: type) -> Document:
    """Add every nullable field of the class that is not there yet, down through nested objects."""
    whole = dict(values)
    for name, slot in _slots(cls).items():
        if name in values:
            whole[name] = _completed(values[name], slot)
        elif slot.filled:
            whole[name] = None
    return whole


class _Slot(NamedTuple):
    """What one field may hold: an inner object, a list of them; and whether absence means null."""

    nested: type | None
    item: Any
    filled: bool


@cache
def _slots(cls: type) -> dict[str, _Slot]:
    return {
        name: _Slot(
            nested=_nested_class(annotation),
            item=_item(annotation),
            filled=is_optional(annotation) and not _is_left_out(cls, name, annotation),
        )
        for name, annotation in fields(cls).items()
    }


def _is_left_out(cls: type, name: str, annotation: Any) -> bool:
    if name == "deleted" or cls.__name__ in _SPARSE or name in _LEFT_OUT.get(cls.__name__, ()):
        return True
    return cls.__name__ in _ONE_OF and _nested_class(annotation) is not None


def _completed(value: Any, slot: _Slot) -> Any:
    if slot.nested is not None and isinstance(value, dict) and "object" not in value:
        return complete(value, slot.nested)
    if slot.item is not None and isinstance(value, list):
        inner = _Slot(_nested_class(slot.item), None, False)
        return [_completed(v, inner) for v in value]
    return value


def _nested_class(annotation: Any) -> type | None:
    """The class of an inner object such as ``Invoice.StatusTransitions``; no named resource."""
    plain = [
        a for a in _alternatives(annotation) if is_object_class(a) and not hasattr(a, "OBJECT_NAME")
    ]
    return plain[0] if plain else None


def _item(annotation: Any) -> Any:
    lists = [a for a in _alternatives(annotation) if get_origin(a) is list]
    return get_args(lists[0])[0] if lists else None


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if is_union(annotation) else (annotation,)


def private(document: Document) -> Document:
    found: Document = document.setdefault(PRIVATE, {})
    return found


def public(document: Document) -> Document:
    """A copy as a client may see it, at every depth."""
    return {k: _public_value(v) for k, v in document.items() if k != PRIVATE}


def _public_value(value: Any) -> Any:
    if isinstance(value, dict):
        return public(value)
    if isinstance(value, list):
        return [_public_value(v) for v in value]
    return value


def duplicate(document: Document) -> Document:
    return copy.deepcopy(document)


def listing(rows: list[Document], url: str, has_more: bool = False) -> Document:
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}
