"""Disputes."""

from sandbox.stripe.billing import disputes
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.plain import lists, retrieves
from sandbox.stripe.core.updating import changes

retrieves("dispute")
lists("dispute", "charge", "payment_intent")


@endpoint("dispute.update", "evidence metadata submit")
def update(account: Account, params: Params, dispute: str) -> Document:
    found = account.get("dispute", dispute)
    if "metadata" in params:
        given = changes(found, {"metadata": params["metadata"]})
        change(account, "charge.dispute.updated", found, **given)
    if "evidence" in params:
        evidence, submit = params["evidence"], params.get("submit", True)
        disputes.answer(account, found, changes({}, evidence), submit=submit)
    return found


@endpoint("dispute.close")
def close(account: Account, params: Params, dispute: str) -> Document:
    """To give in: the dispute is lost."""
    return disputes.decide(account, account.get("dispute", dispute), "lost")
