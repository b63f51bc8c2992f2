"""How what is billed is told, alike on pages and in mails."""

from __future__ import annotations

from typing import Protocol

from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_money

Row = tuple[str, Money]


class Billed(Protocol):
    """An invoice, or one to come: its lines before discount and tax, and those."""

    engagement: Engagement

    @property
    def rows(self) -> list[Row]: ...

    @property
    def discount(self) -> Money: ...

    @property
    def tax(self) -> Money: ...


def sums_of(billed: Billed) -> list[Row]:
    """(what, amount) that add up to its total: each line that costs something, discount, tax."""
    told = [(text, amount) for text, amount in billed.rows if amount]
    if billed.discount:
        told.append((discount_of(billed.engagement), -billed.discount))
    return [*told, ("Tax", billed.tax)] if billed.tax else told


def told_sums(billed: Billed) -> list[tuple[str, str]]:
    """The same for a mail."""
    return [(what, format_money(amount)) for what, amount in sums_of(billed)]


def discount_of(engagement: Engagement) -> str:
    """With the code that it comes from."""
    codes = (terms.coupon_code for terms in engagement.terms_history if terms.coupon_code)
    code = next(codes, "")
    return f"Discount, code {code}" if code else "Discount"
