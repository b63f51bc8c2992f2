"""PaymentIntents, SetupIntents, charges, refunds and the balance."""

from collections import Counter

from sandbox.stripe.billing import refunds
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.expand import includes
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


@endpoint("charge.retrieve")
def charge(account: Account, params: Params, identifier: str) -> Document:
    return account.get("charge", identifier)


@endpoint("charge.list", f"{_PAGE} customer payment_intent")
def charges(account: Account, params: Params) -> Document:
    rows = matching(account.find("charge"), params, "customer", "payment_intent")
    return page(rows, params, "/v1/charges")


@includes("charge", "refunds")
def refunds_of(account: Account, holder: Document) -> Document:
    rows = [r for r in account.find("refund") if r["charge"] == holder["id"]]
    return listing(rows, f"/v1/charges/{holder['id']}/refunds")


@endpoint("refund.create", "amount charge metadata payment_intent reason")
def create_refund(account: Account, params: Params) -> Document:
    found = refunds.charge_of(account, params)
    details = {k: params[k] for k in ("metadata", "reason") if k in params}
    return refunds.refund(account, found, params.get("amount"), **details)


@endpoint("refund.retrieve")
def retrieve_refund(account: Account, params: Params, refund: str) -> Document:
    return account.get("refund", refund)


@endpoint("refund.update", "metadata")
def update_refund(account: Account, params: Params, refund: str) -> Document:
    found = account.get("refund", refund)
    return change(account, "refund.updated", found, **changes(found, params))


@endpoint("refund.list", f"{_PAGE} charge payment_intent")
def list_refunds(account: Account, params: Params) -> Document:
    rows = matching(account.find("refund"), params, "charge", "payment_intent")
    return page(rows, params, "/v1/refunds")


@endpoint("balance.retrieve")
def balance(account: Account, params: Params) -> Document:
    """What has been charged less what has been refunded, all available at once, without fees."""
    sums: Counter[str] = Counter()
    for row in account.find("charge"):
        sums[row["currency"]] += row["amount_captured"] - row["amount_refunded"]
    available = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]
    nothing = [entry | {"amount": 0, "source_types": {"card": 0}} for entry in available]
    return {"object": "balance", "available": available, "livemode": False, "pending": nothing}
