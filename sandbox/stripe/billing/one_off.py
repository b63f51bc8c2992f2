"""Invoices made by hand, and what they take up.

Source: https://docs.stripe.com/api/invoices/create: nothing pending is taken unless asked for; an
invoice that names a subscription takes that subscription's items only; one that is sent says when
it is due. That a subscription's way of collecting and its automatic tax are taken over when the
call says nothing is assumed.
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
_SAME = (
    "collection_method",
    "custom_fields",
    "default_payment_method",
    "description",
    "footer",
)


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
        details=_details(account, owner, params, subscription or {}),
    )
    invoice = draft(account, plan)
    bind(account, items, invoice["id"])
    if invoice["auto_advance"]:
        finalize_later(account, invoice)
    return invoice


def _details(
    account: Account, owner: Document, params: dict[str, Any], subscription: Document
) -> dict[str, Any]:
    found = {name: params[name] for name in _SAME if name in params}
    found["auto_advance"] = params.get("auto_advance", False)
    method = params.get("collection_method") or subscription.get("collection_method")
    due = _due_date(account.time_of(owner), params, subscription)
    if method == "send_invoice" and due is None:
        text = "If an invoice is sent, it must say when it is due: days_until_due or due_date."
        raise invalid(text, "days_until_due", "parameter_missing")
    if method != "send_invoice" and {"days_until_due", "due_date"} & params.keys():
        text = "`days_until_due` and `due_date` are only for invoices that are sent."
        raise invalid(text, "days_until_due")
    return found | ({"due_date": due} if due is not None else {})


def _due_date(now: int, params: dict[str, Any], subscription: Document) -> int | None:
    if "due_date" in params:
        return int(params["due_date"])
    days = params.get("days_until_due", subscription.get("days_until_due"))
    return None if days is None else now + int(days) * DAY
