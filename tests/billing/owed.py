"""What tests of owing share: items by hand, and what Stripe has of them."""

from __future__ import annotations

from typing import Any

from tests.billing.conftest import Client, rows
from webapp.billing.models import Credit, CreditNote, Customer, Invoice, InvoiceItem
from webapp.billing.owing.overage import add_overage
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod
from webapp.money import Money

RATE = Money(20000, "USD")


def period_of(engagement: Engagement, number: int = 1) -> RetainerPeriod:
    return next(period for period in engagement.periods if period.number == number)


def overage(payer: Client, minutes: int, number: int = 1) -> None:
    """What the hours room will call when a period is closed."""
    add_overage(period_of(payer.engagement, number), minutes, RATE)
    session.commit()
    payer.drain()
    session.rollback()


def items() -> list[InvoiceItem]:
    return sorted(rows(InvoiceItem), key=lambda row: row.id)


def at_stripe(payer: Client) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(reversed(payer.stripe.of("invoiceitem", payer.engagement.id)))


def kinds(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line["kind"], line["minor"]) for line in invoice.lines]


def charges(payer: Client) -> list[dict[str, Any]]:
    """What was really taken, newest first."""
    return [one for one in payer.stripe.objects("charge") if one["status"] == "succeeded"]


def credits() -> list[Credit]:
    return sorted(rows(Credit), key=lambda row: row.id)


def given_as_credit() -> list[CreditNote]:
    """The credit notes that put something onto the client's balance, oldest first."""
    notes = (row for row in rows(CreditNote) if row.means == "credit")
    return sorted(notes, key=lambda row: row.id)


def balance() -> int:
    """The client's credit, in minor units."""
    [customer] = rows(Customer)
    return int(customer.credit_minor)
