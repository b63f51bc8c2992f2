"""Discounts: coupons that have become part of a subscription, an invoice or an item.

Source: https://docs.stripe.com/billing/subscriptions/coupons and
https://docs.stripe.com/api/discounts/object: ``once`` is for the first invoice it takes something
off, ``repeating`` for the invoices of so many months from its start, ``forever`` for all. Several
on one thing are taken off one after the other, those of an item before those of its invoice.
Assumed: a ``once`` discount is not used up by an invoice of nothing; a percentage is rounded line
by line, half up; a fixed amount is spread over the lines in proportion, losing no cent.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import coupons
from sandbox.stripe.billing.money import rounded
from sandbox.stripe.billing.months import Anchor, add_periods
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, unschedule, when_due

Given = list[dict[str, str]]
_UPDATED = "customer.subscription.updated"


def attach(account: Account, given: Given, owner: Document, name: str, **to: str) -> list[str]:
    """Redeem coupons for something; returns the ids of the discounts.

    ``to`` names what they belong to, such as ``subscription="sub_1"``. A discount that exists
    already (``{"discount": id}``) is used again.
    """
    return [_one(account, one, owner, f"{name}[{index}]", to) for index, one in enumerate(given)]


def _one(
    account: Account, given: dict[str, str], owner: Document, name: str, to: dict[str, str]
) -> str:
    if "discount" in given:
        return str(account.get("discount", given["discount"], f"{name}[discount]")["id"])
    coupon, code = coupons.usable(account, given, owner, name)
    now = account.time_of(owner)
    made = shape(
        "discount",
        customer=owner["id"],
        end=_end(coupon, now),
        promotion_code=code["id"] if code else None,
        source={"type": "coupon", "coupon": coupon["id"]},
        start=now,
        **to,
    )
    account.save(made)
    coupons.count(account, coupon, code)
    if "subscription" in to:
        emit(account, "customer.discount.created", made)
        _end_later(account, made)
    return str(made["id"])


def _end(coupon: Document, start: int) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    day = datetime.fromtimestamp(start, UTC).day
    monthly = {"interval": "month", "interval_count": 1}
    return add_periods(Anchor(start, day), monthly, coupon["duration_in_months"])


def _end_later(account: Account, discount: Document) -> None:
    if discount["end"]:
        timeline = account.timeline_of(discount)
        schedule(account, "discount.end", discount["id"], discount["end"], timeline)


@when_due("discount.end")
def run_out(account: Account, identifier: str) -> None:
    discount = account.get("discount", identifier)
    detach(account, discount)


def detach(account: Account, discount: Document) -> None:
    """Take a discount off its subscription; invoices keep what it has done."""
    unschedule(account, "discount.end", discount["id"])
    subscription = account.store.load(discount["subscription"] or "")
    if subscription is None or discount["id"] not in subscription["discounts"]:
        return
    left = [d for d in subscription["discounts"] if d != discount["id"]]
    change(account, _UPDATED, subscription, discounts=left)
    emit(account, "customer.discount.deleted", discount)


def replace(account: Account, subscription: Document, given: Given) -> None:
    """The subscription's discounts are these from now on."""
    owner = account.get("customer", subscription["customer"])
    kept = {one.get("discount") for one in given}
    for identifier in subscription["discounts"]:
        if identifier not in kept:
            detach(account, account.get("discount", identifier))
    made = attach(account, given, owner, "discounts", subscription=subscription["id"])
    change(account, _UPDATED, subscription, discounts=made)


def running(account: Account, identifiers: Iterable[str], now: int) -> list[str]:
    """Those of the discounts that are not over."""
    found = [account.get("discount", i) for i in identifiers]
    return [d["id"] for d in found if d["end"] is None or now < d["end"]]


def use_up(account: Account, invoice: Document) -> None:
    """A discount for one invoice that took something off this one is over for its subscription."""
    for taken in invoice["total_discount_amounts"]:
        discount = account.get("discount", taken["discount"])
        coupon = account.get("coupon", discount["source"]["coupon"])
        if taken["amount"] and coupon["duration"] == "once" and discount["subscription"]:
            detach(account, discount)


def spread(account: Account, invoice: Document) -> None:
    """Write on every line what each discount takes off it."""
    rows = invoice["lines"]["data"]
    for row in rows:
        row.update(discount_amounts=[], pretax_credit_amounts=[])
        for identifier in row["discounts"]:
            _take_off(account, [row], identifier)
    for identifier in invoice["discounts"]:
        _take_off(account, [row for row in rows if row["discountable"]], identifier)


def left(row: Document) -> int:
    """What of a line its discounts have left so far."""
    return int(row["amount"] - sum(taken["amount"] for taken in row["discount_amounts"]))


def _take_off(account: Account, rows: list[Document], identifier: str) -> None:
    discount = account.get("discount", identifier)
    coupon = account.get("coupon", discount["source"]["coupon"])
    products = coupons.products_of(coupon)
    meant = [row for row in rows if products is None or _product(row) in products]
    for row, amount in zip(meant, _shares(coupon, meant), strict=True):
        entry: dict[str, Any] = {"amount": amount, "discount": identifier}
        row["discount_amounts"].append(entry)
        row["pretax_credit_amounts"].append(
            entry | {"type": "discount", "credit_balance_transaction": None}
        )


def _product(row: Document) -> str | None:
    found: str | None = ((row["pricing"] or {}).get("price_details") or {}).get("product")
    return found


def _shares(coupon: Document, rows: list[Document]) -> list[int]:
    """What each line loses, in the order of the lines."""
    if coupon["percent_off"] is not None:
        percent = Decimal(str(coupon["percent_off"])) / 100
        return [rounded(left(row) * percent) for row in rows]
    charges = [max(left(row), 0) for row in rows]
    currency = rows[0]["currency"] if rows else ""
    off = min(coupons.amount_off(coupon, currency), sum(charges))
    return _in_proportion(off, charges)


def _in_proportion(amount: int, weights: list[int]) -> list[int]:
    """Shares that add up to the amount, the largest remainders rounded up."""
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    shares = [amount * weight // whole for weight in weights]
    rest = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for index in rest[: amount - sum(shares)]:
        shares[index] += 1
    return shares
