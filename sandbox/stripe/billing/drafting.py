"""Invoices while they are being put together."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.billing import discounts, invoice_items
from sandbox.stripe.billing.lines import Line
from sandbox.stripe.billing.totals import reckon
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, shape
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import new_id

ACCOUNT_NAME = "Stripe stand-in"
_NOTHING = dict.fromkeys(("amount_due", "amount_paid", "amount_remaining", "subtotal", "total"), 0)


@dataclass
class Draft:
    """What an invoice is to be made of. ``period`` is the span its invoice items come from."""

    customer: str
    currency: str
    reason: str
    lines: list[Line]
    subscription: Document | None = None
    period: tuple[int, int] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    discounts: list[dict[str, str]] | None = None
    """Coupons and promotion codes, as the API's ``discounts``; nothing: those of the
    subscription."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further fields of the invoice object."""


def draft(account: Account, plan: Draft) -> Document:
    """Create the invoice and report it; the caller decides when it is finalised."""
    owner = account.get("customer", plan.customer, "customer")
    identifier = new_id("invoice")
    values = _fields(plan, owner, account.time_of(owner)) | {
        "id": identifier,
        "discounts": _discounts(account, plan, owner, identifier),
        "lines": listing([], f"/v1/invoices/{identifier}/lines"),
    }
    invoice = shape("invoice", **(values | plan.details))
    invoice["lines"]["data"] = [line.document(identifier) for line in plan.lines]
    reckon(account, invoice)
    emit(account, "invoice.created", invoice)
    discounts.use_up(account, invoice)
    return invoice


def _fields(plan: Draft, owner: Document, now: int) -> dict[str, Any]:
    start, end = plan.period or (now, now)
    subscription = plan.subscription or {}
    return {
        "account_country": "US",
        "account_name": ACCOUNT_NAME,
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": _automatic_tax(subscription),
        "billing_reason": plan.reason,
        "collection_method": subscription.get("collection_method", "charge_automatically"),
        "created": now,
        "currency": plan.currency,
        "customer": plan.customer,
        "default_tax_rates": [],
        "description": subscription.get("description"),
        "due_date": _due_date(subscription, now),
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": plan.metadata,
        "parent": _parent(plan.subscription),
        "payment_settings": {},
        "period_end": end,
        "period_start": start,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": owner["balance"],
        "status": "draft",
        "status_transitions": {},
        "test_clock": owner["test_clock"],
        **_customer_fields(owner),
        **_NOTHING,
    }


def _automatic_tax(subscription: Document) -> dict[str, Any]:
    enabled = bool((subscription.get("automatic_tax") or {}).get("enabled"))
    return {"enabled": enabled}


def _due_date(subscription: Document, now: int) -> int | None:
    days = subscription.get("days_until_due")
    return None if days is None else now + int(days) * 86400


def _discounts(account: Account, plan: Draft, owner: Document, invoice: str) -> list[str]:
    if plan.discounts is not None:
        return discounts.attach(account, plan.discounts, owner, "discounts", invoice=invoice)
    inherited = (plan.subscription or {}).get("discounts", [])
    return discounts.running(account, inherited, account.time_of(owner))


def _parent(subscription: Document | None) -> dict[str, Any] | None:
    if subscription is None:
        return None
    details = {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])}
    return {"type": "subscription_details", "subscription_details": details}


def _customer_fields(owner: Document) -> dict[str, Any]:
    same = ("address", "email", "name", "phone", "shipping", "tax_exempt")
    return {f"customer_{name}": owner[name] for name in same} | {"customer_tax_ids": []}


def add_lines(account: Account, invoice: Document, lines: list[Line]) -> None:
    """Put more lines on a draft."""
    invoice["lines"]["data"] += [line.document(invoice["id"]) for line in lines]
    reckon(account, invoice)


def subscription_of(account: Account, invoice: Document) -> Document | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return account.store.load(details["subscription"]) if details else None


def pending_lines(
    account: Account,
    customer: str,
    subscription: str | None,
    currency: str | None = None,
    *,
    alone: bool = False,
) -> tuple[list[Document], list[Line]]:
    """Waiting invoice items (of a currency) and the lines they become; ``alone``: only the
    subscription's own."""
    items = invoice_items.pending(account, customer, subscription, alone=alone)
    items = [item for item in items if currency in (None, item["currency"])]
    return items, [invoice_items.as_line(account, item) for item in items]
