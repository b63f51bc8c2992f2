"""What becomes of months that were not paid: the client pays after all, or it is ended."""

from __future__ import annotations

from tests.simulation.changes import running
from tests.simulation.client import Client
from tests.simulation.deeds import deed, pay_on_page, staff
from tests.simulation.oracle import left_of_deposit
from webapp.access import Role
from webapp.billing.changing import given_up
from webapp.billing.models import ArrearsDecision, Invoice

MONTHS = ("first_month", "retainer")


@deed(0.04)
def pay_after_all(client: Client) -> bool:
    """Stripe has stopped charging, and the client pays what is open on its page, with a good card:
    the months go on by another subscription."""
    due = client.invoices(status="open") if client.waits_for_money else []
    for invoice in due:
        pay_on_page(client, invoice)
    return bool(due)


@deed(0.03)
def end_unpaid(client: Client) -> bool:
    """The coordinator's decision, some day after the tenth: today, or with the month that runs."""
    facts = running(client, "active", "ending", "paused")
    # While anything but months is open, the deposit is kept (docs/money.md).
    late = [one for one in Invoice.open_of(client.engagement) if one.asks_decision]
    owed = [one for one in late if any(line["kind"] in MONTHS for line in one.lines)]
    if facts is None or not owed or client.ways.by == "account":
        return False
    engagement, by = client.engagement, staff(Role.COORDINATOR)
    if left_of_deposit(facts, client.today) == {0}:
        facts.deposit = 0
    month_ends = engagement.month_after(client.today)
    # A code takes off whole months here (ways.py).
    until = month_ends if facts.off[0] else client.dice.choice([client.today, month_ends])
    facts.ends_on = min(until, facts.ends_on or until)
    facts.noticed = today = client.today
    facts.prices = [one for one in facts.prices if one[0] <= today]
    facts.pauses = [one for one in facts.pauses if one[0] <= today]
    engagement.cut_off(facts.ends_on, "It was never paid", by)
    ArrearsDecision.note(owed[0], "end", "It was never paid", by.name)
    given_up.decided(engagement)
    return True
