"""Invoices made in Stripe's dashboard that name an engagement which they were not made for."""

from __future__ import annotations

import uuid

from tests.billing.conftest import Client, invoices, rows
from webapp.billing.models import Alert, Customer
from webapp.db import session


def paid_by_hand(payer: Client, customer: str, engagement: uuid.UUID) -> str:
    """The id of an invoice of one dollar, finalised and paid."""
    api = payer.stripe.api
    made = str(api("POST", "invoices", customer=customer,
                   **{"metadata[engagement]": str(engagement)})["id"])  # fmt: skip
    api("POST", "invoiceitems", customer=customer, invoice=made, amount=100, currency="usd",
        description="Extra")  # fmt: skip
    api("POST", f"invoices/{made}/finalize")
    api("POST", f"invoices/{made}/pay", paid_out_of_band="true")
    payer.hear()
    return made


def test_invoice_to_another_customer_is_not_believed_and_somebody_is_told(payer: Client) -> None:
    engagement = payer.start()
    other = payer.stripe.api("POST", "customers", name="Other Ltd")["id"]
    made = paid_by_hand(payer, other, engagement.id)
    assert len(invoices()) == 1
    assert [(alert.kind, alert.about) for alert in rows(Alert)] == [("other_customer", made)]


def test_first_payment_of_less_than_the_order_begins_nothing(payer: Client) -> None:
    payer.to_checkout()
    session.rollback()
    [customer] = rows(Customer)
    paid_by_hand(payer, customer.stripe_id, payer.engagement.id)
    assert [one.total_minor for one in invoices()] == [100]
    assert payer.engagement.stage == "signed"
