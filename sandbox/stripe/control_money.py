"""``/_sandbox``, the part about what other people do: connected accounts, banks, card networks.

* ``POST /_sandbox/accounts/<acct>`` ``{"do": ...}``: ``finish`` the onboarding, ``require``
  something more (``{"owed": [...]}``: payouts and transfers stop until it is given by ``finish``),
  ``pay_out`` what is available, ``empty`` the balance to the last cent, pending money too
* ``POST /_sandbox/disputes`` ``{"charge" or "payment_intent": ..., "reason": "fraudulent",
  "amount": all of it}``: the payer's bank opens a dispute
* ``POST /_sandbox/disputes/<du>`` ``{"outcome": "won" or "lost"}``: the bank has decided
* ``POST /_sandbox/debits/<pi>`` ``{}`` or ``{"return": "insufficient_funds"}``: a bank debit
  that is under way clears now, or is returned
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import accounts, banks, clearing, disputes, ledger, payouts
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, public
from sandbox.stripe.core.errors import ApiError
from sandbox.stripe.pages.shared import account as open_account
from sandbox.stripe.pages.shared import asked

blueprint = Blueprint("control_money", __name__, url_prefix="/_sandbox")


def _finish(account: Account, connected: Document, body: dict[str, Any]) -> None:
    accounts.finish_onboarding(account, connected)


def _require(account: Account, connected: Document, body: dict[str, Any]) -> None:
    owed = body.get("owed", ["individual.verification.document"])
    accounts.require(account, connected, [str(one) for one in owed])


def _pay_out(account: Account, connected: Document, body: dict[str, Any]) -> None:
    payouts.pay_out_when_due(account, connected["id"])


def _empty(account: Account, connected: Document, body: dict[str, Any]) -> None:
    payouts.empty(account, connected["id"])


_DOINGS: dict[str, Callable[[Account, Document, dict[str, Any]], None]] = {
    "finish": _finish,
    "require": _require,
    "pay_out": _pay_out,
    "empty": _empty,
}


def found(account: Account, kind: str, identifier: str) -> Document:
    """The document, or 404 for whoever drives the controls."""
    document = account.store.load(identifier)
    if document is None or document["object"] != kind or document.get("deleted"):
        abort(404, f"no such {kind.replace('_', ' ')}")
    return document


@blueprint.post("/accounts/<identifier>")
def drive_account(identifier: str) -> ResponseReturnValue:
    account, body = open_account(), asked()
    doing = _DOINGS.get(str(body.get("do")))
    if doing is None:
        abort(400, f"'do' must be one of {sorted(_DOINGS)}")
    with account.store.transaction():
        connected = found(account, "account", identifier)
        doing(account, connected, body)
    return jsonify(public(connected) | {"balance": ledger.balance(account, identifier)})


@blueprint.post("/disputes")
def open_dispute() -> ResponseReturnValue:
    account, body = open_account(), asked()
    with account.store.transaction():
        opened = disputes.open_dispute(
            account,
            _charge(account, body),
            str(body.get("reason", "fraudulent")),
            body.get("amount"),
        )
    return jsonify(public(opened))


def _charge(account: Account, body: dict[str, Any]) -> Document:
    if "payment_intent" in body:
        intent = found(account, "payment_intent", str(body["payment_intent"]))
        return found(account, "charge", str(intent["latest_charge"]))
    return found(account, "charge", str(body.get("charge")))


@blueprint.post("/disputes/<identifier>")
def decide_dispute(identifier: str) -> ResponseReturnValue:
    account, outcome = open_account(), asked().get("outcome")
    if outcome not in ("won", "lost"):
        abort(400, "'outcome' must be won or lost")
    with account.store.transaction():
        decided = disputes.decide(account, found(account, "dispute", identifier), outcome)
    return jsonify(public(decided))


@blueprint.post("/debits/<identifier>")
def clear_debit(identifier: str) -> ResponseReturnValue:
    account, reason = open_account(), asked().get("return", banks.CLEARS)
    if reason not in {banks.CLEARS, *banks.RETURNS}:
        abort(400, f"'return' must be one of {sorted(banks.RETURNS)}")
    with account.store.transaction():
        intent = found(account, "payment_intent", identifier)
        if intent["status"] != "processing":
            abort(400, f"this payment is {intent['status']}")
        method = found(account, "payment_method", intent["payment_method"])
        private(method)["debit"] = reason
        account.save(method)
        clearing.finish(account, intent)
    return jsonify(public(intent))


@blueprint.errorhandler(ApiError)
def impossible(refusal: ApiError) -> ResponseReturnValue:
    """What Stripe would refuse too."""
    return jsonify(error=str(refusal)), 400
