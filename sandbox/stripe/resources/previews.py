"""``invoices.create_preview``: the invoice to come, by rehearsing what would make it."""

from typing import Any

from sandbox.stripe.billing.drafting import Draft, draft, pending_lines
from sandbox.stripe.billing.upcoming import as_preview, preview_renewal
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.resources.customers import alive
from sandbox.stripe.resources.subscriptions import apply_update

_CHANGE = ("cancel_at", "cancel_at_period_end", "items", "proration_behavior", "proration_date")


@endpoint(
    "invoice.create_preview",
    "customer subscription " + " ".join(f"subscription_details.{name}" for name in _CHANGE),
)
def create_preview(account: Account, params: Params) -> Document:
    if "subscription" in params:
        return _of_subscription(account, params)
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    return _of_customer(account, params["customer"])


def _of_subscription(account: Account, params: Params) -> Document:
    details: dict[str, Any] = dict(params.get("subscription_details", {}))
    with account.store.rehearsal():
        subscription = account.get("subscription", params["subscription"], "subscription")
        made = apply_update(account, subscription, details)
        if made is not None:
            return as_preview(made | {"billing_reason": "upcoming"})
        if subscription["ended_at"] or subscription["cancel_at_period_end"]:
            raise _nothing_upcoming(subscription["customer"])
        return preview_renewal(account, subscription)


def _of_customer(account: Account, customer: str) -> Document:
    with account.store.rehearsal():
        owner = alive(account, customer, "customer")
        live = [s for s in account.find("subscription", customer=customer) if not s["ended_at"]]
        if live:
            return preview_renewal(account, live[0])
        _, lines = pending_lines(account, customer, None)
        if not lines:
            raise _nothing_upcoming(customer)
        plan = Draft(customer=customer, currency=lines[0].currency, reason="upcoming", lines=lines)
        return as_preview(draft(account, plan) | {"test_clock": owner["test_clock"]})


def _nothing_upcoming(customer: str) -> Exception:
    return invalid(f"No upcoming invoices for customer: {customer}", code="invoice_upcoming_none")
