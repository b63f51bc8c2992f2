"""A customer's balance: credit from an invoice below nothing, used up by the next ones."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk


def owing(desk: Desk, customer: str, *amounts: int, **values: Any) -> stripe.Invoice:
    """A finalised invoice of these amounts."""
    for amount in amounts:
        item = {"customer": customer, "amount": amount, "currency": "usd"}
        desk.api.v1.invoice_items.create(item)
    given = {"customer": customer, "pending_invoice_items_behavior": "include"} | values
    return desk.api.v1.invoices.finalize_invoice(desk.api.v1.invoices.create(given).id)


def ledger(desk: Desk, customer: str) -> list[tuple[str, int, int]]:
    """Oldest first."""
    rows = desk.api.v1.customers.balance_transactions.list(customer).data
    return [(row.type, row.amount, row.ending_balance) for row in rows[::-1]]


def test_less_than_nothing_is_credit_that_later_invoices_use(desk: Desk) -> None:
    customer = desk.customer().id
    credited = owing(desk, customer, -30_000, 10_000)
    assert (credited.status, credited.total, credited.amount_due) == ("paid", -20_000, 0)
    assert credited.ending_balance == -20_000
    partly = owing(desk, customer, 5_000)
    assert (partly.status, partly.amount_due) == ("paid", 0)
    rest = owing(desk, customer, 50_000)
    assert (rest.status, rest.starting_balance, rest.ending_balance) == ("open", -15_000, 0)
    assert (rest.total, rest.amount_due, rest.amount_remaining) == (50_000, 35_000, 35_000)
    assert ledger(desk, customer) == [
        ("applied_to_invoice", -20_000, -20_000),
        ("applied_to_invoice", 5_000, -15_000),
        ("applied_to_invoice", 15_000, 0),
    ]
    desk.api.v1.invoices.void_invoice(rest.id)
    assert ledger(desk, customer)[-1] == ("unapplied_from_invoice", -15_000, -15_000)
    assert desk.api.v1.customers.retrieve(customer).balance == -15_000


def test_what_is_too_small_to_charge_is_owed_on_the_balance(desk: Desk) -> None:
    customer = desk.customer().id
    assert owing(desk, customer, 30).status == "paid"
    assert ledger(desk, customer) == [("invoice_too_small", 30, 30)]
    assert owing(desk, customer, 1_000).amount_due == 1_030


def test_a_balance_is_set_by_hand_and_written_down(desk: Desk) -> None:
    customer = desk.customer().id
    desk.api.v1.customers.update(customer, {"balance": -500})
    entry = desk.api.v1.customers.balance_transactions.create(
        customer, {"amount": 200, "currency": "usd", "description": "Correction"}
    )
    found = desk.api.v1.customers.balance_transactions.retrieve(customer, entry.id)
    assert (found.ending_balance, found.description) == (-300, "Correction")
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.balance_transactions.retrieve(desk.customer().id, entry.id)


def test_m47_an_invoice_paid_outside_stripe_takes_no_charge(desk: Desk) -> None:
    customer = desk.customer().id
    invoice = owing(desk, customer, 9_000, collection_method="send_invoice", days_until_due=14)
    assert (invoice.status, invoice.due_date) == ("open", invoice.created + 14 * DAY)
    paid = desk.api.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 9_000, 0)
    asked = desk.api.v1.invoices.retrieve(invoice.id, {"expand": ["amount_paid_off_stripe"]})
    assert asked.amount_paid_off_stripe == 9_000
    [intent] = desk.api.v1.payment_intents.list().data
    assert intent.status == "canceled" and desk.api.v1.charges.list().data == []
    event = desk.api.v1.events.list({"type": "invoice.paid"}).data[0]
    assert "amount_paid_off_stripe" not in event.data.object.to_dict()


@pytest.mark.parametrize(
    "values", [{"collection_method": "send_invoice"}, {"days_until_due": 14}, {"due_date": 1}]
)
def test_only_an_invoice_that_is_sent_says_when_it_is_due(
    desk: Desk, values: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        owing(desk, desk.customer().id, 100, **values)
    assert refusal.value.param == "days_until_due"
