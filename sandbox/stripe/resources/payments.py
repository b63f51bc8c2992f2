"""PaymentIntents and SetupIntents."""

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.search import search
from sandbox.stripe.core.updating import changes

_PAGE = "created limit starting_after ending_before"


@endpoint("payment_intent.retrieve")
def payment_intent(account: Account, params: Params, intent: str) -> Document:
    return account.get("payment_intent", intent)


@endpoint("payment_intent.list", f"{_PAGE} customer")
def payment_intents(account: Account, params: Params) -> Document:
    return page(
        matching(account.find("payment_intent"), params, "customer"), params, "/v1/payment_intents"
    )


@endpoint("payment_intent.update", "description metadata receipt_email")
def update_payment_intent(account: Account, params: Params, intent: str) -> Document:
    found = account.get("payment_intent", intent)
    return change(account, None, found, **changes(found, params))


@endpoint("payment_intent.search", "query limit page")
def search_payment_intents(account: Account, params: Params) -> Document:
    return search(account.find("payment_intent"), params, "/v1/payment_intents/search")


@endpoint("setup_intent.retrieve")
def setup_intent(account: Account, params: Params, intent: str) -> Document:
    return account.get("setup_intent", intent)
