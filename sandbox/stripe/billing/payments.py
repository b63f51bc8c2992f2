"""PaymentIntents and the charges that come of trying to confirm them."""

from typing import Any

from sandbox.stripe.billing import charges, debits
from sandbox.stripe.billing.banks import offered
from sandbox.stripe.billing.cards import (
    DECLINES,
    Decline,
    asks_for_authentication,
    decline_of,
    has_expired,
)
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, private, public, shape
from sandbox.stripe.core.errors import CardDeclined
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import random_text


def open_intent(
    account: Account, *, amount: int, currency: str, customer: str | None, **details: Any
) -> Document:
    """A PaymentIntent that waits for a card. ``details`` are further fields of the object."""
    kinds = offered(account, currency)
    intent = shape(
        "payment_intent",
        amount=amount,
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        capture_method="automatic_async",
        confirmation_method="automatic",
        created=account.customer_time(customer),
        currency=currency,
        customer=customer,
        livemode=False,
        metadata=details.pop("metadata", {}),
        payment_method_options=_options(kinds),
        payment_method_types=kinds,
        status="requires_payment_method",
        **details,
    )
    intent["client_secret"] = f"{intent['id']}_secret_{random_text(25)}"
    account.save(intent)
    emit(account, "payment_intent.created", intent)
    return intent


def _options(kinds: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {kind: {} for kind in kinds}
    return found | {"card": {"request_three_d_secure": "automatic"}}


def confirm(
    account: Account, intent: Document, method: Document, *, present: bool, proven: bool = False
) -> str:
    """Try to take the money; returns the intent's status afterwards.

    ``present``: the card's holder is on a page of ours and can be asked; ``proven``: they have just
    been asked and passed.
    """
    if proven:
        private(method)["set_up"] = True
        account.save(method)
    intent["payment_method"] = method["id"]
    if method["type"] != "card":
        return debits.begin(account, intent, method)
    if must_ask(method, proven=proven):
        return _ask(account, intent, method, present)
    refusal = _refusal(account, intent, method)
    return _refuse(account, intent, method, refusal) if refusal else _take(account, intent, method)


def _refusal(account: Account, intent: Document, method: Document) -> Decline | None:
    """Once its month is over on the clock a card is declined, whatever else it would do."""
    card = method["card"]
    if has_expired(card["exp_month"], card["exp_year"], account.time_of(intent)):
        return DECLINES["expired_card"]
    return decline_of(private(method)["behaviour"], charging=True)


def must_ask(method: Document, *, proven: bool) -> bool:
    """Whether the bank wants the holder to authenticate before anything else."""
    known = private(method)
    return not proven and asks_for_authentication(
        known["behaviour"], set_up=known.get("set_up", False)
    )


def will_pass(method: Document, *, proven: bool, charging: bool = True) -> bool:
    refusal = decline_of(private(method)["behaviour"], charging=charging)
    return refusal is None and not must_ask(method, proven=proven)


def _ask(account: Account, intent: Document, method: Document, present: bool) -> str:
    if not present:
        intent["last_payment_error"] = _error(DECLINES["authentication_required"], method)
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "stand_in_challenge"},
    }
    account.save(intent)
    emit(account, "payment_intent.requires_action", intent)
    return "requires_action"


def fail_authentication(account: Account, intent: Document, method: Document) -> None:
    """The holder did not pass, or gave up."""
    _settle(intent, "requires_payment_method", None)
    intent["last_payment_error"] = _error(DECLINES["authentication_failed"], method)
    account.save(intent)
    emit(account, "payment_intent.payment_failed", intent)


def _refuse(account: Account, intent: Document, method: Document, refusal: Decline) -> str:
    charge = charges.record(account, intent, method, refusal)
    intent["last_payment_error"] = _error(refusal, method) | {"charge": charge["id"]}
    _settle(intent, "requires_payment_method", charge["id"])
    account.save(intent)
    emit(account, "charge.failed", charge)
    emit(account, "payment_intent.payment_failed", intent)
    return "requires_payment_method"


def _take(account: Account, intent: Document, method: Document) -> str:
    charge = charges.record(account, intent, method, None)
    intent["last_payment_error"] = None
    intent["amount_received"] = intent["amount"]
    intent["payment_method"] = method["id"]
    _settle(intent, "succeeded", charge["id"], method["id"])
    account.save(intent)
    emit(account, "charge.succeeded", charge)
    emit(account, "payment_intent.succeeded", intent)
    charges.settle(account, charge, method)
    return "succeeded"


def _settle(intent: Document, status: str, charge: str | None, method: str | None = None) -> None:
    intent["status"], intent["next_action"] = status, None
    intent["payment_method"] = method
    if charge:
        intent["latest_charge"] = charge


def cancel_intent(account: Account, intent: Document, reason: str) -> None:
    """Stop waiting for a card; nothing to do once the money is there."""
    if intent["status"] in ("succeeded", "canceled"):
        return
    debits.forget(account, intent)
    _settle(intent, "canceled", None)
    intent["canceled_at"], intent["cancellation_reason"] = account.time_of(intent), reason
    account.save(intent)
    emit(account, "payment_intent.canceled", intent)


def _error(refusal: Decline, method: Document) -> Document:
    return {
        "type": "card_error",
        "code": refusal.code,
        "decline_code": refusal.decline_code,
        "message": refusal.message,
        "payment_method": duplicate(public(method)),
    }


def card_error(intent: Document) -> CardDeclined:
    """The 402 that answers a call whose payment came to nothing."""
    error = intent["last_payment_error"] or {
        "code": "payment_intent_action_required",
        "message": "This payment requires additional user action before it can be completed.",
    }
    details = {k: error.get(k) for k in ("code", "decline_code", "charge")}
    return CardDeclined(
        402, "card_error", error["message"], payment_intent=public(intent), **details
    )
