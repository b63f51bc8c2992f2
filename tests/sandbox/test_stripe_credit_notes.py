"""Credit notes on what is open and on what was paid, with their tax and their PDF."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import Desk


def invoice_of(desk: Desk, amount: int, *, pay: bool, **customer: Any) -> stripe.Invoice:
    """A finalised invoice of one line of work, paid by card or still open."""
    owner = desk.customer(**customer).id
    desk.api.v1.payment_methods.attach("pm_card_visa", {"customer": owner})
    [card] = desk.api.v1.customers.payment_methods.list(owner).data
    product = desk.api.v1.products.create({"name": "Work"}).id
    cost: Any = {"currency": "eur", "product": product, "tax_behavior": "exclusive"}
    desk.api.v1.invoice_items.create(
        {"customer": owner, "price_data": cost | {"unit_amount": amount}}
    )
    made = desk.api.v1.invoices.create(
        {
            "customer": owner,
            "currency": "eur",
            "default_payment_method": card.id,
            "pending_invoice_items_behavior": "include",
            "automatic_tax": {"enabled": bool(customer)},
        }
    )
    found = desk.api.v1.invoices.finalize_invoice(made.id)
    return desk.api.v1.invoices.pay(found.id) if pay else found


def note_of(desk: Desk, invoice: stripe.Invoice, **values: Any) -> stripe.CreditNote:
    return desk.api.v1.credit_notes.create({"invoice": invoice.id} | values)


def again(desk: Desk, invoice: stripe.Invoice) -> stripe.Invoice:
    return desk.api.v1.invoices.retrieve(invoice.id)


def test_a_note_lowers_what_is_open_and_can_be_taken_back(desk: Desk) -> None:
    invoice = invoice_of(desk, 100_000, pay=False)
    note = note_of(desk, invoice, amount=30_000, memo="Two days less")
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == (
        "pre_payment",
        30_000,
        0,
    )
    assert again(desk, invoice).amount_remaining == 70_000
    desk.api.v1.credit_notes.void_credit_note(note.id)
    assert again(desk, invoice).amount_remaining == 100_000
    note_of(desk, invoice, amount=25_000)
    paid = desk.api.v1.invoices.pay(invoice.id)
    assert (paid.amount_paid, paid.pre_payment_credit_notes_amount) == (75_000, 25_000)
    assert desk.api.v1.charges.list().data[0].amount == 75_000


def test_all_of_an_open_invoice_credited_counts_as_paid(desk: Desk) -> None:
    invoice = invoice_of(desk, 40_000, pay=False)
    note_of(desk, invoice, amount=40_000)
    found = again(desk, invoice)
    assert (found.status, found.amount_remaining, found.amount_paid) == ("paid", 0, 0)
    assert desk.api.v1.charges.list().data == []


def test_what_was_paid_comes_back_by_refund_balance_and_elsewhere(desk: Desk) -> None:
    invoice = invoice_of(desk, 100_000, pay=True)
    shares = {"refund_amount": 30_000, "credit_amount": 20_000, "out_of_band_amount": 5_000}
    with pytest.raises(stripe.InvalidRequestError, match="must equal"):
        note_of(desk, invoice, amount=60_000, **shares)
    note = note_of(desk, invoice, amount=55_000, reason="order_change", **shares)
    assert (note.type, note.post_payment_amount, note.out_of_band_amount) == (
        "post_payment",
        55_000,
        5_000,
    )
    assert again(desk, invoice).post_payment_credit_notes_amount == 55_000
    assert desk.api.v1.refunds.retrieve(str(note.refunds[0].refund)).amount == 30_000
    owner = desk.api.v1.customers.retrieve(str(invoice.customer))
    [entry] = desk.api.v1.customers.balance_transactions.list(owner.id).data
    assert (owner.balance, entry.type, entry.credit_note) == (-20_000, "credit_note", note.id)
    assert note.customer_balance_transaction == entry.id
    with pytest.raises(stripe.InvalidRequestError, match="between 1 and 45000"):
        note_of(desk, invoice, amount=45_001, refund_amount=45_001)
    with pytest.raises(stripe.InvalidRequestError, match="voided"):
        desk.api.v1.credit_notes.void_credit_note(note.id)


def test_a_refund_made_before_is_linked_and_not_made_again(desk: Desk) -> None:
    invoice = invoice_of(desk, 100_000, pay=True)
    [charge] = desk.api.v1.charges.list().data
    made = desk.api.v1.refunds.create({"charge": charge.id, "amount": 10_000})
    note = note_of(desk, invoice, amount=10_000, refunds=[{"refund": made.id}])
    assert note.refunds[0].amount_refunded == 10_000
    assert len(desk.api.v1.refunds.list().data) == 1


def test_tax_is_credited_in_proportion_and_by_line(desk: Desk) -> None:
    desk.control("POST", "rules", {"country": "DE"})
    invoice = invoice_of(desk, 100_000, pay=True, address={"country": "DE"})
    assert invoice.amount_paid == 119_000
    part = desk.api.v1.credit_notes.preview(
        {"invoice": invoice.id, "amount": 11_900, "refund_amount": 11_900}
    )
    assert (part.total, part.total_excluding_tax, part.total_taxes[0].amount) == (
        11_900,
        10_000,
        1_900,
    )
    assert desk.api.v1.credit_notes.list({"invoice": invoice.id}).data == []
    [line] = invoice.lines.data
    lines: Any = [
        {"type": "invoice_line_item", "invoice_line_item": line.id, "amount": 50_000},
    ]
    note = note_of(desk, invoice, lines=lines, credit_amount=59_500)
    assert (note.total, note.subtotal, note.total_taxes[0].amount) == (59_500, 50_000, 9_500)
    assert [r.amount for r in desk.api.v1.credit_notes.line_items.list(note.id).data] == [50_000]


def test_the_page_shows_the_note_and_its_pdf(desk: Desk) -> None:
    desk.control("POST", "rules", {"country": "DE"})
    place = {"country": "FR"}
    invoice = invoice_of(desk, 100_000, pay=True, address=place, tax_exempt="reverse")
    note = note_of(desk, invoice, amount=1_000, refund_amount=1_000, memo="Goodwill")
    page = desk.browser.get(str(invoice.hosted_invoice_url)).text
    assert "reverse charge" in page and str(note.number) in page
    assert "Credited after payment" in page and "-€10.00" in page
    entry: Any = {"amount": -2_500, "currency": "eur"}
    desk.api.v1.customers.balance_transactions.create(str(invoice.customer), entry)
    values = {"customer": str(invoice.customer), "return_url": "http://app.test/"}
    portal = desk.browser.get(desk.api.v1.billing_portal.sessions.create(values).url).text
    assert str(note.number) in portal and 'id="balance">Credit of €25.00' in portal
    answer = desk.browser.get(note.pdf)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert desk.browser.get(f"{desk.url}/cn/{note.id}/guessed/pdf").status_code == 404
    changed = desk.api.v1.credit_notes.update(note.id, {"memo": "Sorry", "metadata": {"a": "b"}})
    assert (changed.memo, changed.metadata["a"]) == ("Sorry", "b")


def test_refunds_without_a_note_lower_what_notes_may_come_to(desk: Desk) -> None:
    invoice = invoice_of(desk, 100_000, pay=True)
    [charge] = desk.api.v1.charges.list().data
    made = desk.api.v1.refunds.create({"charge": charge.id, "amount": 70_000})
    with pytest.raises(stripe.InvalidRequestError, match="between 1 and 30000"):
        note_of(desk, invoice, amount=30_001, credit_amount=30_001)
    note_of(desk, invoice, amount=30_000, credit_amount=30_000)
    paper: Any = {"refund": made.id, "amount_refunded": 70_000}
    note_of(desk, invoice, amount=70_000, refunds=[paper])
    with pytest.raises(stripe.InvalidRequestError, match="between 1 and 0"):
        note_of(desk, invoice, amount=1, credit_amount=1)
