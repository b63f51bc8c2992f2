"""The balance and the transactions it is the sum of."""

from sandbox.stripe.billing import ledger
from sandbox.stripe.core.account import Account, acting_for
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves


@endpoint("balance.retrieve", for_connected=True)
def balance(account: Account, params: Params) -> Document:
    return ledger.balance(account, acting_for.get())


retrieves("balance_transaction")


@endpoint(
    "balance_transaction.list",
    "created currency limit source starting_after ending_before type",
    for_connected=True,
)
def transactions(account: Account, params: Params) -> Document:
    rows = matching(
        ledger.transactions(account, acting_for.get()), params, "currency", "source", "type"
    )
    return page(rows, params, "/v1/balance_transactions")
