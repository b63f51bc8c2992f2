"""Putting a card on file without charging it."""

from typing import Any

from sandbox.stripe.billing import payments
from sandbox.stripe.billing.cards import DECLINES, decline_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import CardDeclined
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import random_text


def check(method: Document, *, proven: bool) -> str:
    """``succeeded`` or ``requires_action``; raises ``CardDeclined`` for a card that is refused."""
    if payments.must_ask(method, proven=proven):
        return "requires_action"
    declined = decline_of(private(method)["behaviour"], charging=False)
    if declined:
        raise refusal(declined.decline_code or declined.code)
    return "succeeded"


def refusal(name: str) -> CardDeclined:
    declined = DECLINES[name]
    return CardDeclined(
        402, "card_error", declined.message, code=declined.code, decline_code=declined.decline_code
    )


def succeed(account: Account, method: Document, customer: str | None, **details: Any) -> Document:
    """The SetupIntent of a card that was put on file; later charges need not ask its holder."""
    private(method)["set_up"] = True
    account.save(method)
    intent = shape(
        "setup_intent",
        **{
            "created": account.customer_time(customer),
            "customer": customer,
            "livemode": False,
            "metadata": {},
            "payment_method": method["id"],
            "payment_method_options": {method["type"]: {}},
            "payment_method_types": [method["type"]],
            "status": "succeeded",
            "usage": "off_session",
        }
        | details,
    )
    intent["client_secret"] = f"{intent['id']}_secret_{random_text(25)}"
    account.save(intent)
    emit(account, "setup_intent.created", intent)
    emit(account, "setup_intent.succeeded", intent)
    return intent
