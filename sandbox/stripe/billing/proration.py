"""Parts of periods: a first period shorter than the rest, and changes in the middle of one.

Source: Stripe's page on prorations: to the second, a credit for what is left of the old price and a
charge for the same time at the new one.
"""

from datetime import UTC, datetime
from decimal import Decimal

from sandbox.stripe.billing.catalog import product_name
from sandbox.stripe.billing.lines import Line, item_line
from sandbox.stripe.billing.money import line_amount, rounded
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document


def _share(part: tuple[int, int], whole: tuple[int, int]) -> Decimal:
    return Decimal(part[1] - part[0]) / Decimal(whole[1] - whole[0])


def stub_line(
    account: Account,
    item: Document,
    subscription: str,
    period: tuple[int, int],
    full: tuple[int, int],
    prorate: bool,
) -> Line:
    """The charge from the start to the anchor: its share of a whole period, or nothing."""
    price, quantity = item["price"], Decimal(item["quantity"])
    whole = line_amount(Decimal(price["unit_amount_decimal"]), quantity)
    amount = rounded(whole * _share(period, full)) if prorate else 0
    text = f"Time on {product_name(account, price)} until {_day(period[1])}"
    return item_line(item, subscription, period, amount, text)


def change_amount(price: Document, quantity: int, period: tuple[int, int], at: int) -> int:
    """What the time from ``at`` to the end of the period costs at this price."""
    whole = line_amount(Decimal(price["unit_amount_decimal"]), quantity)
    return rounded(whole * _share((at, period[1]), period))


def credit_text(account: Account, price: Document, at: int) -> str:
    return f"Unused time on {product_name(account, price)} after {_day(at)}"


def charge_text(account: Account, price: Document, at: int) -> str:
    return f"Remaining time on {product_name(account, price)} after {_day(at)}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y").lstrip("0")
