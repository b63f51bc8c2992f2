"""A subscription that ends takes nothing else of the company's with it.

Stripe stops collecting all of a customer's invoices then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.billing.conftest import Client, failed_jobs, rows
from webapp import clock
from webapp.billing.models import Invoice, InvoiceItem, Subscription
from webapp.billing.owing.bills import bill_now
from webapp.db import session
from webapp.money import Money

HOURS = timedelta(hours=3)


def mirror_of(client: Client) -> Subscription:
    found = Subscription.of(client.engagement)
    assert found is not None and found.renews_at is not None
    return found


@pytest.fixture
def both(begin: Callable[..., Client]) -> tuple[Client, Client]:
    """Two retainers of one company, paid by one customer's cards at Stripe."""
    first, second = begin(), begin(name="Head of finance, two days")
    first.start()
    second.engagement.company_id = first.engagement.company_id
    session.commit()
    second.start()
    assert len({one["customer"] for one in first.stripe.objects("subscription")}) == 1
    return first, second


def late_month(client: Client) -> Invoice:
    """A month whose card declines; Stripe will try it again."""
    client.stripe.change_card(client.card(), "generic_decline")
    renews = mirror_of(client).renews_at
    assert renews is not None
    client.until(renews + HOURS, by=timedelta(days=31))
    [late] = [one for one in rows(Invoice) if one.engagement_id == client.engagement.id
              and one.status == "open"]  # fmt: skip
    assert isinstance(late, Invoice) and late.next_attempt_at
    return late


def end_in_the_dashboard(client: Client) -> None:
    client.stripe.api("DELETE", f"subscriptions/{mirror_of(client).stripe_id}")


def test_another_engagements_month_is_still_tried_again_and_paid(
    both: tuple[Client, Client],
) -> None:
    first, second = both
    late = late_month(second)
    end_in_the_dashboard(first)
    [theirs] = [one for one in first.stripe.objects("invoice") if one["id"] == late.stripe_id]
    assert not theirs["auto_advance"] and theirs["next_payment_attempt"] is None
    first.hear()
    session.refresh(late)
    assert late.next_attempt_at is not None
    second.stripe.change_card(second.card(), "passes")
    second.until(late.next_attempt_at + HOURS)
    session.refresh(late)
    assert (late.status, failed_jobs()) == ("paid", [])


def test_a_bill_of_our_own_is_still_tried_again_but_not_the_month_of_what_ended(
    payer: Client,
) -> None:
    payer.start()
    month = late_month(payer)
    engagement, owed = payer.engagement, Money(20000, "USD")
    InvoiceItem.add(engagement, "one_off", "one_off:1", "A day on site", owed)
    bill_now(engagement, "at once")
    session.commit()
    payer.hear()
    end_in_the_dashboard(payer)
    payer.hear()
    advancing = {one["id"]: one["auto_advance"] for one in payer.stripe.objects("invoice")}
    [bill] = [one for one in rows(Invoice) if one.total == owed]
    assert advancing[bill.stripe_id] and not advancing[month.stripe_id]
    payer.until(clock.now() + HOURS)
    assert failed_jobs() == []
