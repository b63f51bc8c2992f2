"""Checkout sessions as documents: what they sell, what that comes to today, when they end.

Lines are kept in the session's private part as ``{"id", "price", "quantity", "metadata"}``.
"""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import balances, buyers, invoice_items
from sandbox.stripe.billing.catalog import product_name
from sandbox.stripe.billing.discounts import left
from sandbox.stripe.billing.drafting import Draft, draft
from sandbox.stripe.billing.invoice_items import as_line
from sandbox.stripe.billing.money import line_amount
from sandbox.stripe.billing.payments import cancel_intent
from sandbox.stripe.billing.subscriptions import Item, Plan, draft_invoice, start
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, listing, private, shape
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


def line_item(account: Account, session: Document, line: dict[str, Any]) -> Document:
    """The line as the API and the page show it: its part of the first invoice, or, while a trial
    keeps it off that, what it will cost."""
    price, amount = account.get("price", line["price"]), line_total(account, line)
    sums = private(session).get("sums", {}).get(line["id"])
    plain = {"amount_discount": 0, "amount_subtotal": amount, "amount_tax": 0}
    return shape(
        "item",
        id=line["id"],
        **(sums or plain | {"amount_total": amount}),
        currency=price["currency"],
        description=product_name(account, price),
        metadata=line["metadata"],
        price=price,
        quantity=line["quantity"],
    )


def line_items(account: Account, session: Document) -> list[Document]:
    return [line_item(account, session, line) for line in sold(session)]


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
                invoice_items.Waiting(
                    amount=line_total(account, line),
                    currency=price["currency"],
                    price=price,
                    quantity=Decimal(line["quantity"]),
                    subscription=subscription,
                    description=product_name(account, price),
                    metadata=line["metadata"],
                ),
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
        discounts=private(session).get("discounts", []),
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


def draft_sale(
    account: Account, session: Document, customer: str | None
) -> tuple[Document, list[Document]]:
    """The draft for what a session in payment mode sells, and its items."""
    items = add_one_time_items(account, sold(session), str(customer))
    data = (session["invoice_creation"] or {}).get("invoice_data") or {}
    plan = Draft(
        customer=str(customer),
        currency=session["currency"],
        reason="manual",
        lines=[as_line(account, item) for item in items],
        metadata=data.get("metadata") or {},
        discounts=private(session).get("discounts", []),
        details={k: data.get(k) for k in ("description", "footer", "custom_fields")}
        | {"automatic_tax": _tax(session)},
    )
    return draft(account, plan), items


def first_invoice(account: Account, session: Document) -> Document:
    """What paying now would be invoiced as, the balance counted in, found by rehearsing it."""
    with account.store.rehearsal():
        customer = buyers.rehearsed(account, session)
        if session["mode"] == "payment":
            return duplicate(draft_sale(account, session, customer["id"])[0])
        subscription = open_subscription(account, session, customer["id"])
        invoice = account.get("invoice", subscription["latest_invoice"])
        balances.apply_to(account, invoice, customer)
        return duplicate(invoice)


def due_today(account: Account, session: Document) -> int:
    """What paying would take now."""
    return 0 if session["mode"] == "setup" else int(first_invoice(account, session)["amount_due"])


def reckon(account: Account, session: Document) -> Document:
    """Bring an open session's amounts up to date, after a code or a place has changed them."""
    if session["mode"] == "setup":
        return account.save(session)
    invoice = first_invoice(account, session)
    rows = {line["id"]: row for line, row in zip(*_pairs(account, session, invoice), strict=True)}
    private(session)["sums"] = {
        identifier: _sums(row) for identifier, row in rows.items() if row["amount"]
    }
    off = sum(entry["amount"] for entry in invoice["total_discount_amounts"])
    tax = sum(entry["amount"] for entry in invoice["total_taxes"])
    session.update(
        amount_subtotal=invoice["subtotal"],
        amount_total=max(invoice["total"], 0),
        total_details={"amount_discount": off, "amount_shipping": 0, "amount_tax": tax},
    )
    session["automatic_tax"]["status"] = invoice["automatic_tax"]["status"]
    return account.save(session)


def _pairs(account: Account, session: Document, invoice: Document) -> tuple[Sold, list[Document]]:
    """What is sold, and the invoice's line of each; what had been waiting comes before them."""
    recurring, one_time = split(account, session)
    lines = [*one_time, *recurring]
    return lines, invoice["lines"]["data"][-len(lines) :]


def _sums(row: Document) -> dict[str, int]:
    tax = sum(entry["amount"] for entry in row["taxes"])
    added = sum(entry["amount"] for entry in row["taxes"] if entry["tax_behavior"] == "exclusive")
    off = row["amount"] - left(row)
    return {
        "amount_discount": off,
        "amount_subtotal": row["amount"],
        "amount_tax": tax,
        "amount_total": row["amount"] - off + added,
    }


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
