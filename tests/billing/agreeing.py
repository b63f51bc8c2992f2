"""The journal, our own figures and Stripe's must tell the same: held against each other."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.billing import beancount_file
from tests.billing.conftest import Client, rows
from webapp.billing.books import entries
from webapp.billing.books.journal import beancount, journal
from webapp.billing.models import Customer, Invoice
from webapp.billing.owing import deposit
from webapp.db import session
from webapp.engagements.models import Engagement

WHOLE = date(2020, 1, 1), date(2040, 1, 1)


def books() -> dict[str, int]:
    """What stands on each account once all is earned, each booking balanced, and none of it
    unexplained; of one currency."""
    session.rollback()
    found = journal(*WHOLE, "Europe/Berlin")
    assert all(one.balanced for one in found)
    beancount_file.read("".join(beancount(found, "All there is")))
    totals = {account: minor for (account, _), minor in entries.totals(found).items()}
    assert totals.get(entries.UNEXPLAINED, 0) == 0
    return totals


def agree(payer: Client) -> dict[str, int]:
    """The accounts, once they are seen to be what the pages and Stripe say."""
    found = books()
    assert -found.get(entries.DEPOSITS, 0) == _deposits(), "deposits"
    assert -found.get(entries.CREDIT, 0) == sum(row.credit_minor for row in rows(Customer))
    assert -found.get(entries.CREDIT, 0) == -sum(_balances(payer)), "credit"
    assert found.get(entries.RECEIVABLE, 0) == _owed("open"), "receivable"
    assert found.get(entries.BAD_DEBTS, 0) == _owed("uncollectible"), "bad debts"
    assert found.get(entries.STRIPE, 0) == _at_stripe(payer), "money at Stripe"
    assert -found.get(entries.TAX, 0) == _tax(payer), "tax"
    return found


def _deposits() -> int:
    begun = (row for row in rows(Engagement) if row.terms_history)
    return sum(deposit.left_of(row).minor for row in begun)


def _owed(status: str) -> int:
    return sum(row.due_minor for row in rows(Invoice) if row.status == status)


def _balances(payer: Client) -> list[int]:
    return [one["balance"] for one in payer.stripe.objects("customer")]


def _at_stripe(payer: Client) -> int:
    told = payer.stripe.api("GET", "balance")
    return sum(one["amount"] for state in ("available", "pending") for one in told[state])


def _tax(payer: Client) -> int:
    """By Stripe's own papers."""
    issued = [one for one in payer.stripe.objects("invoice") if one["status"] in {"open", "paid"}]
    notes = [one for one in payer.stripe.objects("credit_note") if one["status"] == "issued"]
    return sum(map(_taxes, issued)) - sum(map(_taxes, notes))


def _taxes(one: dict[str, Any]) -> int:
    return sum(tax["amount"] for tax in one["total_taxes"] or [])
