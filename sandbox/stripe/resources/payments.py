"""PaymentIntents and SetupIntents."""

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves, updates
from sandbox.stripe.core.search import search

_PAGE = "created limit starting_after ending_before"


retrieves("payment_intent")


@endpoint("payment_intent.list", f"{_PAGE} customer")
def payment_intents(account: Account, params: Params) -> Document:
    return page(
        matching(account.find("payment_intent"), params, "customer"), params, "/v1/payment_intents"
    )


updates("payment_intent", "description metadata receipt_email", told=False)


@endpoint("payment_intent.search", "query limit page")
def search_payment_intents(account: Account, params: Params) -> Document:
    return search(account.find("payment_intent"), params, "/v1/payment_intents/search")


retrieves("setup_intent")
