"""``/_sandbox``, the part about what other people do: connected accounts, banks, card networks.

* ``POST /_sandbox/accounts/<acct>`` ``{"do": ...}``: ``finish`` the onboarding, ``require``
  something more (``{"owed": [...]}``: payouts and transfers stop until it is given by ``finish``),
  ``pay_out`` what is available, ``empty`` the balance to the last cent, pending money too
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import accounts, ledger, payouts
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, public
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
