"""Checkout sessions as documents: what they sell, what that comes to today, when they end.

Lines are kept in the session's private part as ``{"id", "price", "quantity", "metadata"}``.
"""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import invoice_items
from sandbox.stripe.billing.catalog import product_name
from sandbox.stripe.billing.customers import create_customer
from sandbox.stripe.billing.money import line_amount
from sandbox.stripe.billing.payments import cancel_intent
from sandbox.stripe.billing.subscriptions import Item, Plan, draft_invoice, start
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, private, shape
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.schedule import unschedule, when_due

Sold = list[dict[str, Any]]


def sold(session: Document) -> Sold:
    lines: Sold = private(session)["lines"]
    return lines


def line_total(account: Account, line: dict[str, Any]) -> int:
    price = account.get("price", line["price"])
    return line_amount(Decimal(price["unit_amount_decimal"]), line["quantity"])


def line_item(account: Account, line: dict[str, Any]) -> Document:
    """The line as the API and the page show it."""
    price, amount = account.get("price", line["price"]), line_total(account, line)
    return shape(
        "item",
        id=line["id"],
        amount_discount=0,
        amount_subtotal=amount,
        amount_tax=0,
        amount_total=amount,
        currency=price["currency"],
        description=product_name(account, price),
        metadata=line["metadata"],
        price=price,
        quantity=line["quantity"],
    )


def line_items(account: Account, session: Document) -> list[Document]:
    return [line_item(account, line) for line in sold(session)]


@includes("checkout.session", "line_items")
def included_lines(account: Account, shown: Document) -> Document:
    session = account.get("checkout.session", shown["id"])
    return listing(line_items(account, session), f"/v1/checkout/sessions/{shown['id']}/line_items")


def split(account: Account, session: Document) -> tuple[Sold, Sold]:
    """The recurring lines and the one-time ones."""
    recurring = [
        x for x in sold(session) if account.get("price", x["price"])["type"] == "recurring"
    ]
    return recurring, [x for x in sold(session) if x not in recurring]


def add_one_time_items(
    account: Account, lines: Sold, customer: str, subscription: str | None = None
) -> list[Document]:
    """Invoice items for the one-time lines, to go on the first invoice."""
    made = []
    for line in lines:
        price = account.get("price", line["price"])
        made.append(
            invoice_items.create(
                account,
                customer,
                amount=line_total(account, line),
                currency=price["currency"],
                price=price,
                quantity=Decimal(line["quantity"]),
                subscription=subscription,
                description=product_name(account, price),
                metadata=line["metadata"],
            )
        )
    return made


def open_subscription(
    account: Account, session: Document, customer: str, **details: Any
) -> Document:
    """Start what the session sells and draft its first invoice, its ``latest_invoice``."""
    recurring, one_time = split(account, session)
    data = private(session).get("subscription_data", {})
    items = [
        Item(account.get("price", x["price"]), x["quantity"], x["metadata"]) for x in recurring
    ]
    plan = Plan(
        customer=customer,
        items=items,
        trial_end=trial_end(account, data),
        anchor=data.get("billing_cycle_anchor"),
        anchor_config=data.get("billing_cycle_anchor_config"),
        prorate=data.get("proration_behavior") != "none",
        details=_details(session, data) | details,
    )
    subscription = start(account, plan)
    add_one_time_items(account, one_time, customer, subscription["id"])
    draft_invoice(account, subscription, "subscription_create")
    return subscription


def trial_end(account: Account, data: dict[str, Any]) -> int | None:
    if "trial_period_days" in data:
        return account.now() + int(data["trial_period_days"]) * 86400
    found: int | None = data.get("trial_end")
    return found


def _details(session: Document, data: dict[str, Any]) -> dict[str, Any]:
    same = ("metadata", "description", "billing_mode", "trial_settings")
    return {name: data[name] for name in same if name in data} | {"automatic_tax": _tax(session)}


def _tax(session: Document) -> dict[str, Any]:
    return {"enabled": session["automatic_tax"]["enabled"]}


def due_today(account: Account, session: Document) -> int:
    """What paying would take now: the first invoice's amount due, found by rehearsing it."""
    if session["mode"] == "setup":
        return 0
    if session["mode"] == "payment":
        return sum(line_total(account, line) for line in sold(session))
    with account.store.rehearsal():
        customer = session["customer"] or create_customer(account)["id"]
        subscription = open_subscription(account, session, customer)
        return int(account.get("invoice", subscription["latest_invoice"])["amount_due"])


@when_due("session.expire")
def expire_when_due(account: Account, identifier: str) -> None:
    session = account.get("checkout.session", identifier)
    if session["status"] == "open":
        expire(account, session)


def expire(account: Account, session: Document) -> Document:
    """Close the session unpaid and give up on a payment that was begun."""
    unschedule(account, "session.expire", session["id"])
    session.update(status="expired", url=None)
    account.save(session)
    begun = private(session).get("intent")
    if begun:
        cancel_intent(account, account.get("payment_intent", begun), "expired")
    emit(account, "checkout.session.expired", session)
    return session
