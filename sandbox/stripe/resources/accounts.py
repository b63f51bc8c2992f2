"""Connected accounts, the links to their onboarding and to their dashboard."""

from typing import Any

from sandbox.stripe.billing import accounts, ledger
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, listing, private, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid, missing
from sandbox.stripe.core.events import change
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.updating import changes

_FIELDS = (
    "business_profile business_type capabilities email metadata "
    "settings.payouts.debit_negative_balances settings.payouts.schedule.interval"
)


@endpoint("account.create", f"{_FIELDS} controller country default_currency type")
def create(account: Account, params: Params) -> Document:
    return accounts.create(account, params)


retrieves("account")


@endpoint("account.update", _FIELDS)
def update(account: Account, params: Params, identifier: str) -> Document:
    found = accounts.alive(account, identifier)
    given = dict(params)
    payouts = given.pop("settings", {}).get("payouts", {})
    asked = given.pop("capabilities", {})
    values = changes(found, given)
    if "business_profile" in values:
        values["business_profile"] = found["business_profile"] | values["business_profile"]
    if payouts:
        values["settings"] = _with_payouts(found, payouts)
    if asked:
        values["capabilities"] = found["capabilities"] | _asked(found, asked)
    return change(account, "account.updated", found, **values)


def _with_payouts(found: Document, payouts: dict[str, Any]) -> dict[str, Any]:
    settings = duplicate(found["settings"])
    settings["payouts"]["schedule"] |= payouts.pop("schedule", {})
    settings["payouts"] |= payouts
    return settings


def _asked(found: Document, asked: dict[str, Any]) -> dict[str, str]:
    """Further capabilities; they are active at once when nothing is owed any more."""
    ready = found["details_submitted"] and not found["requirements"]["currently_due"]
    status = "active" if ready else "inactive"
    return {name: status for name, one in asked.items() if one.get("requested")}


@endpoint("account.delete")
def delete(account: Account, params: Params, identifier: str) -> Document:
    found = accounts.alive(account, identifier)
    if any(ledger.held(account, one, identifier) for one in _currencies(account, identifier)):
        raise invalid("An account can be deleted only when its balance is zero.")
    return accounts.delete(account, found)


def _currencies(account: Account, identifier: str) -> list[str]:
    return [entry["currency"] for entry in ledger.balance(account, identifier)["available"]]


@endpoint("account.list", "created limit starting_after ending_before")
def list_all(account: Account, params: Params) -> Document:
    rows = [one for one in account.find("account") if not one.get("deleted")]
    return page(matching(rows, params), params, "/v1/accounts")


@endpoint("account_capability.list")
def capabilities(account: Account, params: Params, identifier: str) -> Document:
    found = accounts.alive(account, identifier)
    rows = [accounts.capability(found, name) for name in found["capabilities"]]
    return listing(rows, f"/v1/accounts/{identifier}/capabilities")


@endpoint("account_capability.retrieve")
def capability(account: Account, params: Params, identifier: str, name: str) -> Document:
    found = accounts.alive(account, identifier)
    if name not in found["capabilities"]:
        raise missing("capability", name, "id")
    return accounts.capability(found, name)


@endpoint("account_link.create", "account collect collection_options refresh_url return_url type")
def create_link(account: Account, params: Params) -> Document:
    found = accounts.alive(account, params["account"], "account")
    for name in ("refresh_url", "return_url"):
        if name not in params:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    if params["type"] != "account_onboarding":
        text = "This account's dashboard is Stripe's: only account_onboarding links can be made."
        raise invalid(text, "type")
    return accounts.onboarding_link(account, found, params)


@endpoint("account_login_link.create")
def create_login(account: Account, params: Params, identifier: str) -> Document:
    found = accounts.alive(account, identifier)
    if not found["details_submitted"]:
        text = "Cannot create a login link for an account that has not completed onboarding."
        raise invalid(text)
    token = private(found)["login"] = random_text(24)
    account.save(found)
    url = f"{account.origin}/express/{identifier}/{token}"
    return shape("login_link", created=account.now(), url=url)
