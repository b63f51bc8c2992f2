"""Connected accounts with an Express dashboard: created, taken through onboarding, held up.

Source: https://docs.stripe.com/connect/express-accounts and the Account object. What Stripe asks
for depends on country and business; here every account owes the same few things and pays them in
one go on the onboarding page.
"""

from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, private, shape
from sandbox.stripe.core.errors import invalid, not_imitated
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.ids import random_text

OWED_AT_FIRST = (
    "business_type",
    "external_account",
    "individual.dob.day",
    "individual.first_name",
    "individual.last_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
)
_CURRENCIES = {"US": "usd", "GB": "gbp", "CA": "cad", "AU": "aud", "CH": "chf", "JP": "jpy"}
_CONTROLLER = {
    "fees": {"payer": "application_express"},
    "is_controller": True,
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
    "type": "application",
}


def create(account: Account, params: dict[str, Any]) -> Document:
    """An account that has not been through onboarding: nothing is enabled yet."""
    _check_express(params)
    identifier = f"acct_{random_text(16)}"
    country = params.get("country", "US")
    wanted = params.get("capabilities") or {"card_payments": {}, "transfers": {}}
    fields: dict[str, Any] = {
        "id": identifier,
        "business_profile": params.get("business_profile", {}),
        "business_type": params.get("business_type"),
        "capabilities": _capabilities(wanted),
        "charges_enabled": False,
        "controller": _CONTROLLER | _chosen(params),
        "country": country,
        "created": account.now(),
        "default_currency": params.get("default_currency", _CURRENCIES.get(country, "eur")),
        "details_submitted": False,
        "email": params.get("email"),
        "external_accounts": listing([], f"/v1/accounts/{identifier}/external_accounts"),
        "future_requirements": requirements([]),
        "metadata": params.get("metadata", {}),
        "payouts_enabled": False,
        "requirements": requirements(list(OWED_AT_FIRST)),
        "settings": _settings(params),
        "tos_acceptance": {},
        "type": "express",
    }
    return account.save(shape("account", **fields))


def _check_express(params: dict[str, Any]) -> None:
    dashboard = params.get("controller", {}).get("stripe_dashboard", {}).get("type")
    if "type" in params and "controller" in params:
        raise invalid("You may only specify one of these parameters: type, controller.", "type")
    if (params.get("type") or dashboard) != "express":
        raise not_imitated("type" if "type" in params else "controller[stripe_dashboard][type]")


def _chosen(params: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = params.get("controller", {})
    return found


def _capabilities(wanted: dict[str, Any]) -> dict[str, str]:
    return {name: "inactive" for name, one in wanted.items() if one.get("requested", True)}


def _settings(params: dict[str, Any]) -> dict[str, Any]:
    payouts = params.get("settings", {}).get("payouts", {})
    interval = payouts.get("schedule", {}).get("interval", "daily")
    return {
        "branding": {},
        "card_payments": {},
        "dashboard": {"display_name": params.get("business_profile", {}).get("name")},
        "payments": {},
        "payouts": {
            "debit_negative_balances": payouts.get("debit_negative_balances", True),
            "schedule": {"delay_days": 2, "interval": interval},
        },
    }


def requirements(owed: list[str], reason: str = "requirements.past_due") -> dict[str, Any]:
    return {
        "alternatives": [],
        "currently_due": owed,
        "disabled_reason": reason if owed else None,
        "errors": [],
        "eventually_due": owed,
        "past_due": owed,
        "pending_verification": [],
    }


def alive(account: Account, identifier: str, param: str = "id") -> Document:
    """An account that has not been deleted."""
    found = account.get("account", identifier, param)
    if found.get("deleted"):
        raise invalid(f"No such account: '{identifier}'", param, "resource_missing")
    return found


def finish_onboarding(account: Account, connected: Document) -> None:
    """Everything owed was given: the account's capabilities become active."""
    if not connected["details_submitted"]:
        _add_bank(account, connected)
    accepted = connected["tos_acceptance"] | {
        "date": connected["tos_acceptance"]["date"] or account.now()
    }
    given = {
        "business_type": connected["business_type"] or "individual",
        "details_submitted": True,
        "tos_acceptance": accepted,
    }
    _stand(account, connected, [], **given)


def require(account: Account, connected: Document, owed: list[str]) -> None:
    """Stripe asks for something more and holds the account up until it is given."""
    _stand(account, connected, owed)


def _stand(account: Account, connected: Document, owed: list[str], **given: Any) -> None:
    status = "inactive" if owed else "active"
    names = list(connected["capabilities"])
    charges = status == "active" and "card_payments" in names
    change(
        account,
        "account.updated",
        connected,
        capabilities=dict.fromkeys(names, status),
        charges_enabled=charges,
        payouts_enabled=status == "active",
        requirements=requirements(owed),
        **given,
    )
    for name in names:
        emit(account, "capability.updated", capability(connected, name))


def capability(connected: Document, name: str) -> Document:
    owed = connected["requirements"]["currently_due"]
    held_up = requirements(owed, "requirements.fields_needed")
    return shape(
        "capability",
        id=name,
        account=connected["id"],
        future_requirements=requirements([]),
        requested=True,
        requested_at=connected["created"],
        requirements=held_up,
        status=connected["capabilities"][name],
    )


def _add_bank(account: Account, connected: Document) -> None:
    bank = shape(
        "bank_account",
        account=connected["id"],
        account_holder_type="individual",
        available_payout_methods=["standard"],
        bank_name="STRIPE TEST BANK",
        country=connected["country"],
        currency=connected["default_currency"],
        default_for_currency=True,
        fingerprint=random_text(16),
        last4="6789",
        metadata={},
        routing_number="110000000",
        status="new",
    )
    account.save(bank)
    connected["external_accounts"]["data"] = [bank]
    account.save(connected)
    emit(account, "account.external_account.created", bank)


def delete(account: Account, connected: Document) -> Document:
    stub = {"id": connected["id"], "object": "account", "deleted": True}
    account.store.save(stub)
    return stub


def onboarding_link(account: Account, connected: Document, params: dict[str, Any]) -> Document:
    """A link that can be followed once, within five minutes."""
    now, token = account.now(), random_text(24)
    link = {
        "expires_at": now + 300,
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
        "followed": False,
    }
    private(connected).setdefault("links", {})[token] = link
    account.save(connected)
    return shape(
        "account_link",
        created=now,
        expires_at=link["expires_at"],
        url=f"{account.origin}/setup/e/{connected['id']}/{token}",
    )
