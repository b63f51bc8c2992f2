"""Connect's hosted pages: onboarding, which can be left unfinished, and the Express dashboard."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import accounts, ledger
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.pages.shared import account, not_found

blueprint = Blueprint("connect", __name__)


@blueprint.get("/setup/e/<identifier>/<token>")
def onboarding(identifier: str, token: str) -> ResponseReturnValue:
    """A link opens once, within its five minutes; after that it leads to ``refresh_url``."""
    here = account()
    with here.store.transaction():
        connected, link = _link(identifier, token)
        if connected is None or link is None:
            return not_found()
        if link["followed"] or here.now() > link["expires_at"]:
            return redirect(link["refresh_url"], 303)
        link["followed"] = True
        here.save(connected)
    owed = connected["requirements"]["currently_due"]
    return render_template(
        "stripe/onboarding.html", connected=connected, owed=owed, title="Get paid"
    )


@blueprint.post("/setup/e/<identifier>/<token>")
def leave_onboarding(identifier: str, token: str) -> ResponseReturnValue:
    """``outcome``: ``finish`` gives all that is owed, anything else gives nothing."""
    here = account()
    with here.store.transaction():
        connected, link = _link(identifier, token)
        if connected is None or link is None:
            return not_found()
        if request.form.get("outcome") == "finish":
            accounts.finish_onboarding(here, connected)
    return redirect(link["return_url"], 303)


def _link(identifier: str, token: str) -> tuple[Document | None, Document | None]:
    found = account().store.load(identifier)
    if found is None or found["object"] != "account" or found.get("deleted"):
        return None, None
    return found, private(found).get("links", {}).get(token)


@blueprint.get("/express/<identifier>/<token>")
def dashboard(identifier: str, token: str) -> ResponseReturnValue:
    here = account()
    found = here.store.load(identifier)
    if found is None or private(found).get("login") != token:
        return not_found()
    return render_template(
        "stripe/express.html",
        connected=found,
        balances=_balances(found),
        transfers=[_row(one) for one in here.find("transfer", destination=identifier)],
        payouts=[_row(one) for one in here.find("payout", _private__holder=identifier)],
        title="Express dashboard",
    )


def _balances(found: Document) -> list[dict[str, str]]:
    balance = ledger.balance(account(), found["id"])
    return [
        {"status": status, "amount": in_words(entry["amount"], entry["currency"])}
        for status in ("available", "pending")
        for entry in balance[status]
    ]


def _row(one: Document) -> dict[str, object]:
    left = one["amount"] - one.get("amount_reversed", 0)
    return {
        "at": one["created"],
        "text": one["description"] or one["id"],
        "amount": in_words(left, one["currency"]),
    }
