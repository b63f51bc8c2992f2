"""An invoice that is sent is mailed by Stripe once: as it becomes final, and never asked for again.

https://docs.stripe.com/invoicing/integration/automatic-advancement-collection
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest

from tests.billing.conftest import Client, invoices, rows
from webapp import clock
from webapp.billing.models import InvoiceItem, StripeEvent
from webapp.billing.owing import bills
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money


@pytest.fixture
def invoiced(payer: Client) -> Client:
    """A client whose company pays within 30 days, begun on account."""
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()
    return payer


def sent() -> Counter[str]:
    """How often Stripe says that it has mailed each invoice."""
    return Counter(event.about for event in rows(StripeEvent) if event.type == "invoice.sent")


def each_once(client: Client) -> None:
    client.hear()
    issued = [row.stripe_id for row in invoices() if row.total_minor > 0]
    assert issued and sent() == Counter(issued)


def bill(engagement: Engagement) -> None:
    item = InvoiceItem.add(
        engagement, "one_off", f"one_off:{uuid.uuid4()}", "Travel", Money(12300, "USD")
    )
    session.flush()
    bills.bill_now(engagement, "Travel", [item])
    session.commit()


def test_first_invoice_one_of_our_own_and_a_renewal_are_each_mailed_once(invoiced: Client) -> None:
    each_once(invoiced)
    bill(invoiced.engagement)
    invoiced.hear()
    assert len(invoices()) == 2
    each_once(invoiced)
    invoiced.until(invoiced.renewal() + timedelta(hours=30))
    assert len(invoices()) == 3
    each_once(invoiced)


@pytest.mark.parametrize("lost", ["POST /v1/invoices/*/finalize", "POST /v1/invoices"])
def test_answer_that_is_lost_mails_it_no_second_time(invoiced: Client, lost: str) -> None:
    invoiced.stripe.fault(lost, "lost_response", times=1)
    bill(invoiced.engagement)
    for _ in range(4):
        invoiced.set_clock(clock.now() + timedelta(minutes=2))
        invoiced.hear()
    assert len(invoices()) == 2
    each_once(invoiced)
