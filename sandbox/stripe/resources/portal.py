"""The customer portal: sessions that open it, configurations that say what it offers."""

from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.resources.customers import alive

_FROM_DASHBOARD = {
    "customer_update": {"allowed_updates": ["address", "email", "name"], "enabled": True}
}
"""The default configuration is made in the dashboard, where customers may correct their details."""


@endpoint("billing_portal.session.create", "configuration customer flow_data locale return_url")
def create_session(account: Account, params: Params) -> Document:
    customer = alive(account, params.get("customer", ""), "customer")
    configuration = _configuration(account, params)
    token = random_text(32)
    session = shape(
        "billing_portal.session",
        configuration=configuration["id"],
        created=account.time_of(customer),
        customer=customer["id"],
        flow=_flow(params.get("flow_data")),
        livemode=False,
        return_url=params.get("return_url") or configuration["default_return_url"],
        url=f"{account.origin}/p/session/{token}",
    )
    private(session)["token"] = token
    account.save(session)
    emit(account, "billing_portal.session.created", session)
    return session


def _flow(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return given | {"after_completion": given.get("after_completion", {"type": "portal_homepage"})}


def _configuration(account: Account, params: Params) -> Document:
    if "configuration" in params:
        return account.get("billing_portal.configuration", params["configuration"], "configuration")
    kept = account.find("billing_portal.configuration", is_default=True)
    return kept[0] if kept else _make(account, {"features": _FROM_DASHBOARD}, is_default=True)


def _make(account: Account, params: Params, *, is_default: bool) -> Document:
    now = account.now()
    configuration = shape(
        "billing_portal.configuration",
        active=True,
        business_profile=params.get("business_profile", {}),
        created=now,
        default_return_url=params.get("default_return_url") or None,
        features=_features(params["features"]),
        is_default=is_default,
        livemode=False,
        login_page={"enabled": False},
        metadata=params.get("metadata", {}),
        name=params.get("name") or None,
        updated=now,
    )
    account.save(configuration)
    emit(account, "billing_portal.configuration.created", configuration)
    return configuration


def _features(given: Params) -> Params:
    """What was asked for over the portal's defaults: cards and invoices, nothing about the plan."""
    reason = {"enabled": False, "options": []}
    defaults: dict[str, Params] = {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "cancellation_reason": reason,
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_pause": {
            "duration": {"interval_options": [], "type": "indefinite"},
            "enabled": False,
        },
        "subscription_update": {
            "default_allowed_updates": [],
            "enabled": False,
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "continue_trial",
        },
    }
    return {name: default | given.get(name, {}) for name, default in defaults.items()}


@endpoint(
    "billing_portal.configuration.create",
    "business_profile default_return_url features metadata name",
)
def create_configuration(account: Account, params: Params) -> Document:
    return _make(account, params, is_default=False)


retrieves("billing_portal.configuration")


@endpoint(
    "billing_portal.configuration.list", "active is_default limit starting_after ending_before"
)
def list_configurations(account: Account, params: Params) -> Document:
    rows = matching(account.find("billing_portal.configuration"), params, "active", "is_default")
    return page(rows, params, "/v1/billing_portal/configurations")
