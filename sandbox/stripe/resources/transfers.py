"""Transfers to connected accounts, their reversals, and payouts."""

from sandbox.stripe.billing import payouts, reversals, transfers
from sandbox.stripe.core.account import Account, acting_for
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import lists, retrieves, updates


@endpoint(
    "transfer.create",
    "amount currency description destination metadata source_transaction transfer_group",
)
def create(account: Account, params: Params) -> Document:
    return transfers.create(account, params)


retrieves("transfer")
updates("transfer", "description metadata")
lists("transfer", "destination", "transfer_group")


@endpoint("transfer_reversal.create", "amount description metadata")
def reverse(account: Account, params: Params, transfer: str) -> Document:
    return reversals.reverse(account, account.get("transfer", transfer), params)


@endpoint("transfer_reversal.list", "limit starting_after ending_before")
def list_reversals(account: Account, params: Params, transfer: str) -> Document:
    rows = account.find("transfer_reversal", transfer=account.get("transfer", transfer)["id"])
    return page(rows, params, f"/v1/transfers/{transfer}/reversals")


@endpoint("transfer_reversal.retrieve")
def reversal(account: Account, params: Params, transfer: str, identifier: str) -> Document:
    found = account.get("transfer_reversal", identifier)
    if found["transfer"] != transfer:
        raise missing("transfer_reversal", identifier, "id")
    return found


@endpoint("payout.create", "amount currency description metadata", for_connected=True)
def pay_out(account: Account, params: Params) -> Document:
    return payouts.ask(account, acting_for.get(), params)


@endpoint("payout.retrieve", for_connected=True)
def payout(account: Account, params: Params, identifier: str) -> Document:
    return account.get("payout", identifier)


@endpoint("payout.list", "created limit starting_after ending_before status", for_connected=True)
def list_payouts(account: Account, params: Params) -> Document:
    rows = account.find("payout", _private__holder=acting_for.get())
    return page(matching(rows, params, "status"), params, "/v1/payouts")
