"""A line of an invoice as its mirror keeps it, and what it says."""

from __future__ import annotations

import re
from typing import Any

from webapp.billing.buying.order import first_month, month_days, month_number
from webapp.billing.objects.invoice import StripeLine
from webapp.billing.objects.product import kind_of
from webapp.engagements.models import Engagement
from webapp.money import Money

# How Stripe words a renewal: "1 × COO, four days a month (at $6,800.00 / month)".
RENEWAL = re.compile(r"\d+ × (?P<name>.+) \(at [^()]+\)")


def rows_of(lines: list[Any], currency: str) -> list[tuple[str, Money]]:
    return [(line["text"], Money(line["minor"], currency)) for line in lines]


def line_of(engagement: Engagement, line: StripeLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "text": _wording(engagement, line),
        "minor": line.amount.minor,
        "discount": line.discount.minor,
        "tax": line.tax.minor,
        "kind": line.kind,
        "item": line.item,
        "starts": line.starts.isoformat(),
        "ends": line.ends.isoformat(),
    }


def _wording(engagement: Engagement, line: StripeLine) -> str:
    """A renewal by its name and its days; anything else as Stripe has it."""
    if kind_of(line.product) == "first_month":
        return first_month(engagement)
    renewal = RENEWAL.fullmatch(line.text)
    if not (line.recurring and renewal):
        return line.text
    number = month_number(engagement, line.starts)
    return f"{renewal['name']}, {month_days(engagement, number)}"
