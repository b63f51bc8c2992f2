"""Disputes."""

from sandbox.stripe.billing import disputes
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.updating import changes


@endpoint("dispute.retrieve")
def retrieve(account: Account, params: Params, dispute: str) -> Document:
    return account.get("dispute", dispute)


@endpoint("dispute.list", "charge created limit payment_intent starting_after ending_before")
def list_all(account: Account, params: Params) -> Document:
    equal = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return listed(account, "dispute", params, "/v1/disputes", **equal)


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
