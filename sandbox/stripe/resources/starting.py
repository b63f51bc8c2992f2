"""``subscriptions.create``: the first invoice is charged off session."""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import invoice_items, taxes
from sandbox.stripe.billing.catalog import price_of, product_name
from sandbox.stripe.billing.collection import collect, intent_of
from sandbox.stripe.billing.finalizing import finalize, finalize_later
from sandbox.stripe.billing.money import line_amount
from sandbox.stripe.billing.payments import card_error
from sandbox.stripe.billing.subscriptions import Item, Plan, draft_invoice, start
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params
from sandbox.stripe.core.errors import ApiError, invalid

_DETAILS = (
    "billing_mode",
    "cancel_at",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "metadata",
    "trial_settings",
)


def begin(account: Account, params: Params) -> Document:
    """Start the subscription and have its first invoice paid, or leave it incomplete."""
    subscription, invoice = open_first(account, params)
    if subscription["collection_method"] == "send_invoice":
        finalize_later(account, invoice)
        return subscription
    finalize(account, invoice)
    if invoice["status"] == "open":
        _first_payment(
            account, subscription, invoice, params.get("payment_behavior", "allow_incomplete")
        )
    return subscription


def open_first(account: Account, params: Params) -> tuple[Document, Document]:
    """The subscription and the draft of its first invoice."""
    now = account.customer_time(params["customer"])
    subscription = start(account, _plan(account, params, now))
    for index, extra in enumerate(params.get("add_invoice_items", [])):
        _add(account, subscription, extra, f"add_invoice_items[{index}]")
    return subscription, draft_invoice(account, subscription, "subscription_create")


def _plan(account: Account, params: Params, now: int) -> Plan:
    if not params.get("items"):
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    items = [
        Item(price_of(account, x, f"items[{i}]"), x.get("quantity", 1), x.get("metadata", {}))
        for i, x in enumerate(params["items"])
    ]
    trial = params.get("trial_end")
    if "trial_period_days" in params:
        trial = now + params["trial_period_days"] * 86400
    return Plan(
        customer=params["customer"],
        items=items,
        trial_end=trial if trial != "now" else None,
        anchor=params.get("billing_cycle_anchor"),
        anchor_config=params.get("billing_cycle_anchor_config"),
        prorate=params.get("proration_behavior") != "none",
        status=_status(params, trial),
        discounts=params.get("discounts") or [],
        details=_details(account, params),
    )


def _status(params: Params, trial: Any) -> str:
    """What is paid by invoice begins at once; what is charged waits for its first payment."""
    if params.get("collection_method") != "send_invoice":
        return "incomplete"
    if "days_until_due" not in params:
        text = "You must pass days_until_due when collection_method is send_invoice."
        raise invalid(text, "days_until_due", "parameter_missing")
    return "active" if trial in (None, "now") else "trialing"


def _details(account: Account, params: Params) -> dict[str, Any]:
    found = {name: params[name] for name in _DETAILS if name in params}
    tax = params.get("automatic_tax", {}).get("enabled", False)
    if tax:
        taxes.require_location(account.get("customer", params["customer"]))
    return found | {"automatic_tax": {"enabled": tax}}


def _add(account: Account, subscription: Document, extra: Params, name: str) -> None:
    price = price_of(account, extra, name)
    quantity = extra.get("quantity", 1)
    invoice_items.create(
        account,
        subscription["customer"],
        invoice_items.Waiting(
            amount=line_amount(Decimal(price["unit_amount_decimal"]), quantity),
            currency=price["currency"],
            price=price,
            quantity=Decimal(quantity),
            subscription=subscription["id"],
            description=product_name(account, price),
        ),
    )


def _first_payment(
    account: Account, subscription: Document, invoice: Document, behavior: str
) -> None:
    if behavior == "default_incomplete":
        return
    status = collect(account, invoice)
    if status != "succeeded" and behavior == "error_if_incomplete":
        raise _without_traces(account, invoice)


def _without_traces(account: Account, invoice: Document) -> ApiError:
    """The card error as a plain refusal: nothing of the subscription stays."""
    intent = intent_of(account, invoice)
    assert intent is not None, "an open invoice has a payment"
    error = card_error(intent)
    details = {k: v for k, v in error.error.items() if k not in ("type", "message")}
    return ApiError(402, "card_error", error.error["message"], **details)
