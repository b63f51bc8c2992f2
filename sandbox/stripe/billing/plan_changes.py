"""Changing what a subscription is for in the middle of a period, and what that costs.

Source: Stripe's page on prorations. A preview is the change really made and then undone, so that it
cannot differ from the invoice by a cent when both name the same ``proration_date``.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import invoice_items
from sandbox.stripe.billing.agenda import items_of, period_of
from sandbox.stripe.billing.catalog import plan_of, price_of
from sandbox.stripe.billing.collection import collect
from sandbox.stripe.billing.finalizing import finalize
from sandbox.stripe.billing.proration import change_amount, charge_text, credit_text
from sandbox.stripe.billing.subscriptions import draft_invoice
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, public, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change


@dataclass(frozen=True)
class Change:
    """How to settle a change: ``behavior`` is the API's ``proration_behavior``."""

    behavior: str
    at: int


def apply(
    account: Account, subscription: Document, given: list[dict[str, Any]], how: Change
) -> None:
    """Change the subscription's items as ``items`` of the API says, and settle the difference."""
    rows = duplicate(subscription["items"])
    before = {row["id"]: row for row in duplicate(subscription["items"])["data"]}
    for index, wanted in enumerate(given):
        _apply_one(account, subscription, rows["data"], wanted, f"items[{index}]")
    if not rows["data"]:
        raise invalid("A subscription must have at least one active plan.", "items")
    change(account, "customer.subscription.updated", subscription, items=rows)
    if how.behavior != "none" and subscription["status"] not in ("trialing", "paused"):
        _prorate(account, subscription, before, how.at)


def _apply_one(
    account: Account,
    subscription: Document,
    rows: list[Document],
    wanted: dict[str, Any],
    name: str,
) -> None:
    row = next((r for r in rows if r["id"] == wanted.get("id")), None)
    if "id" in wanted and row is None:
        raise invalid(
            f"No such subscription_item: '{wanted['id']}'", f"{name}[id]", "resource_missing"
        )
    if wanted.get("deleted") and row is not None:
        rows.remove(row)
        return
    if row is None:
        row = _new_row(account, subscription, wanted, name)
        rows.append(row)
    _set_price(account, row, wanted, name)
    row["quantity"] = wanted.get("quantity", row["quantity"])
    row["metadata"] = row["metadata"] | wanted.get("metadata", {})


def _new_row(
    account: Account, subscription: Document, wanted: dict[str, Any], name: str
) -> Document:
    price = price_of(account, wanted, name)
    start, end = period_of(subscription)
    return shape(
        "subscription_item",
        created=account.time_of(subscription),
        current_period_start=start,
        current_period_end=end,
        discounts=[],
        metadata={},
        plan=plan_of(price),
        price=price,
        quantity=1,
        subscription=subscription["id"],
        tax_rates=[],
    )


def _set_price(account: Account, row: Document, wanted: dict[str, Any], name: str) -> None:
    if not {"price", "price_data"} & wanted.keys():
        return
    price = price_of(account, wanted, name)
    row.update(price=duplicate(public(price)), plan=plan_of(price))


def _prorate(
    account: Account, subscription: Document, before: dict[str, Document], at: int
) -> None:
    start, end = period_of(subscription)
    if not start <= at <= end:
        text = "Invalid proration_date: it must lie in the current period."
        raise invalid(text, "proration_date")
    after = {row["id"]: row for row in items_of(subscription)}
    for identifier in [*before, *(i for i in after if i not in before)]:
        old, new = before.get(identifier), after.get(identifier)
        if _same(old, new):
            continue
        if old:
            _book(account, subscription, old, at, -1, credit_text(account, old["price"], at))
        if new:
            _book(account, subscription, new, at, 1, charge_text(account, new["price"], at))


def _same(old: Document | None, new: Document | None) -> bool:
    if old is None or new is None:
        return False
    return (old["price"]["id"], old["quantity"]) == (new["price"]["id"], new["quantity"])


def _book(
    account: Account, subscription: Document, row: Document, at: int, sign: int, text: str
) -> None:
    start, end = period_of(subscription)
    amount = sign * change_amount(row["price"], row["quantity"], (start, end), at)
    invoice_items.create(
        account,
        subscription["customer"],
        invoice_items.Waiting(
            amount=amount,
            currency=row["price"]["currency"],
            price=row["price"],
            unit_amount=Decimal(amount) / row["quantity"] if row["quantity"] else None,
            quantity=Decimal(row["quantity"]),
            subscription=subscription["id"],
            subscription_item=row["id"],
            period=(at, end),
            proration=True,
            description=text,
        ),
    )


def credit_rest(account: Account, subscription: Document, at: int) -> None:
    """Give back, for every item, the time from ``at`` to the end of the period."""
    for row in items_of(subscription):
        _book(account, subscription, row, at, -1, credit_text(account, row["price"], at))


def charge_rest(account: Account, subscription: Document, at: int) -> None:
    """Bill, for every item, the time from ``at`` to the end of the period."""
    for row in items_of(subscription):
        _book(account, subscription, row, at, 1, charge_text(account, row["price"], at))


def invoice_now(account: Account, subscription: Document) -> Document:
    """Bill what is waiting for this subscription at once, as ``always_invoice`` does."""
    invoice = draft_invoice(account, subscription, "subscription_update", whole_period=False)
    finalize(account, invoice)
    if invoice["status"] == "open":
        collect(account, invoice)
    return invoice
