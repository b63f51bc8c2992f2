"""``/_sandbox``, the part about cards on file: what their banks and networks do to them.

* ``POST /_sandbox/cards/<pm>`` ``{"behaviour": ..., "exp_month": 2, "exp_year": 2027}``, each as
  wanted: let it behave otherwise from now on; let it expire then (the last day of that month)
* ``POST /_sandbox/cards/<pm>/updated`` ``{"exp_month": ..., "exp_year": ..., "last4": ...}``: its
  network tells Stripe of the new card that replaced it, which pays; without values the same number
  with three more years
"""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing.cards import BEHAVIOURS, PASSES
from sandbox.stripe.control_money import found
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, public
from sandbox.stripe.core.events import change
from sandbox.stripe.pages.shared import account as open_account
from sandbox.stripe.pages.shared import asked

blueprint = Blueprint("control_cards", __name__, url_prefix="/_sandbox")
LIFE = 3
"""Years for which a new card is good."""


@blueprint.post("/cards/<identifier>")
def change_card(identifier: str) -> ResponseReturnValue:
    account, body = open_account(), asked()
    expiry = _expiry(body)
    behaviour = body.get("behaviour")
    if behaviour not in BEHAVIOURS and (behaviour is not None or not expiry):
        abort(400, f"'behaviour' must be one of {sorted(BEHAVIOURS)}")
    with account.store.transaction():
        method = _card(account, identifier)
        if behaviour:
            private(method)["behaviour"] = behaviour
            account.save(method)
        change(account, "payment_method.updated", method, card=method["card"] | expiry)
    return jsonify(public(method) | {"behaviour": private(method)["behaviour"]})


@blueprint.post("/cards/<identifier>/updated")
def replace_card(identifier: str) -> ResponseReturnValue:
    account, body = open_account(), asked()
    expiry, last4 = _expiry(body), body.get("last4")
    with account.store.transaction():
        method = _card(account, identifier)
        now = datetime.fromtimestamp(account.time_of(method), UTC)
        fresh = expiry or {"exp_year": now.year + LIFE}
        numbered = {"last4": str(last4)} if last4 else {}
        private(method)["behaviour"] = PASSES
        account.save(method)
        card = method["card"] | fresh | numbered
        change(account, "payment_method.automatically_updated", method, card=card)
    return jsonify(public(method))


def _card(account: Account, identifier: str) -> Document:
    method = found(account, "payment_method", identifier)
    if method["type"] != "card":
        abort(400, "this payment method is not a card")
    return method


def _expiry(body: dict[str, Any]) -> dict[str, int]:
    names = ("exp_month", "exp_year")
    given: dict[str, int] = {name: body[name] for name in names if name in body}
    if not all(isinstance(value, int) for value in given.values()):
        abort(400, "'exp_month' and 'exp_year' are numbers")
    if not 1 <= given.get("exp_month", 1) <= 12:
        abort(400, "'exp_month' is a number from 1 to 12")
    return given
