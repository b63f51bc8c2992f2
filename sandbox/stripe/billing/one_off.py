"""Invoices made by hand, and what they take up.

Source: https://docs.stripe.com/api/invoices/create: nothing pending is taken unless asked for; an
invoice that names a subscription takes that subscription's items only, and not its discounts
(those given, else the customer's, which are not played); one that is sent says when it is due;
it is charged automatically and not taxed unless the call says otherwise.
"""

from typing import Any

from sandbox.stripe.billing.drafting import Draft, draft, pending_lines
from sandbox.stripe.billing.finalizing import finalize_later
from sandbox.stripe.billing.invoice_items import bind
from sandbox.stripe.billing.lines import Line
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import invalid

DAY = 86400
_SAME = ("custom_fields", "default_payment_method", "description", "footer")


def make(account: Account, owner: Document, params: dict[str, Any]) -> Document:
    """A draft from the parameters of ``invoices.create``."""
    subscription = account.store.load(params.get("subscription", ""))
    currency = params.get("currency") or owner["currency"] or "usd"
    items: list[Document] = []
    lines: list[Line] = []
    if params.get("pending_invoice_items_behavior", "exclude") == "include":
        named = params.get("subscription")
        items, lines = pending_lines(account, owner["id"], named, currency, alone=True)
    plan = Draft(
        customer=owner["id"],
        currency=currency,
        reason="manual",
        lines=lines,
        subscription=subscription,
        metadata=params.get("metadata", {}),
        discounts=params.get("discounts") or [],
        details=_details(account, owner, params),
    )
    invoice = draft(account, plan)
    bind(account, items, invoice["id"])
    if invoice["auto_advance"]:
        finalize_later(account, invoice)
    return invoice


def _details(account: Account, owner: Document, params: dict[str, Any]) -> dict[str, Any]:
    now, sent = account.time_of(owner), params.get("collection_method") == "send_invoice"
    dated = bool({"days_until_due", "due_date"} & params.keys())
    if sent and not dated:
        text = "If an invoice is sent, it must say when it is due: days_until_due or due_date."
        raise invalid(text, "days_until_due", "parameter_missing")
    if dated and not sent:
        text = "`days_until_due` and `due_date` are only for invoices that are sent."
        raise invalid(text, "days_until_due")
    found = {name: params[name] for name in _SAME if name in params}
    return found | {
        "auto_advance": params.get("auto_advance", False),
        "automatic_tax": params.get("automatic_tax", {"enabled": False}),
        "collection_method": params.get("collection_method", "charge_automatically"),
        "due_date": _due_date(now, params) if dated else None,
    }


def _due_date(now: int, params: dict[str, Any]) -> int:
    return int(params.get("due_date") or now + params["days_until_due"] * DAY)
