"""An invoice voided or written off is booked on that day, and never in a month that is over."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.changing import under_way
from tests.billing.conftest import Client, invoices, rows
from tests.billing.test_journal import ZONE, an_invoice, booked
from webapp import clock
from webapp.billing.books import entries, money_entries
from webapp.billing.books.entries import Transaction
from webapp.billing.books.journal import journal
from webapp.billing.models import CreditNote, Invoice
from webapp.web import firm_zone


@given(an_invoice(), st.integers(1, 10**6), st.integers(0, 100), st.integers(0, 100))
def test_from_the_day_on_which_it_is_void_an_invoice_has_never_been(
    invoice: Invoice, minor: int, until_note: int, until_void: int
) -> None:
    invoice.status, invoice.paid_at, invoice.out_of_band = "void", None, False
    noted = invoice.issued_at + timedelta(days=until_note)
    invoice.voided_at = noted + timedelta(days=until_void)
    if invoice.written_off_at:
        invoice.written_off_at = min(invoice.written_off_at, invoice.voided_at)
    note = CreditNote(id=uuid.uuid4(), state="issued", means="reduce", number="N", invoice=invoice,
                      amount_minor=minor, currency=invoice.currency, created_at=noted)  # fmt: skip
    notes = tuple(money_entries.of_credit_note(note, "A client", ZONE))

    def all_of_it() -> list[Transaction]:
        settled = entries.Settled(reduced=minor, notes=notes)
        its = [*entries.of_invoice(invoice, "A client", ZONE, settled), *notes]
        return [*its, *entries.earned(invoice, "A client", ZONE)]

    found, day = all_of_it(), invoice.voided_at.astimezone(ZoneInfo(ZONE)).date()
    assert all(one.balanced for one in found)
    assert not any(booked(found).values())
    assert max(one.on for one in found) <= day
    invoice.status, invoice.voided_at = "open", None
    before = [one for one in found if one.on < day]
    assert before == [one for one in all_of_it() if one.on < day]


@given(an_invoice(), st.integers(0, 100), st.integers(0, 100))
def test_paid_after_it_was_written_off_there_was_no_loss(
    invoice: Invoice, until_lost: int, until_paid: int
) -> None:
    invoice.status, invoice.paid_minor = "paid", invoice.paid_minor + invoice.due_minor
    invoice.due_minor, invoice.voided_at = 0, None
    invoice.written_off_at = invoice.issued_at + timedelta(days=until_lost)
    invoice.paid_at = invoice.written_off_at + timedelta(days=until_paid)
    found = list(entries.of_invoice(invoice, "A client", ZONE))
    assert all(one.balanced for one in found)
    sums = booked(found)
    assert sums.get(entries.BAD_DEBTS, 0) == 0 == sums.get(entries.RECEIVABLE, 0)


# -- of real months --------------------------------------------------------------------------------


@pytest.fixture
def owed(payer: Client) -> Invoice:
    """A month that was charged at the end of one and is not paid in the next."""
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    payer.until(payer.renewal() + timedelta(hours=3), by=timedelta(days=31))
    owed = invoices()[-1]
    assert owed.status == "open"
    issued = owed.issued_at
    payer.until(clock.now() + timedelta(days=25))
    assert clock.now().month != issued.month
    return owed


def months_before(today: date) -> list[Transaction]:
    last = today.replace(day=1) - timedelta(days=1)
    return journal(last - timedelta(days=400), last, firm_zone())


def of(invoice: Invoice) -> dict[str, int]:
    """What it comes to, once all is booked."""
    whole = journal(date(2020, 1, 1), date(2040, 1, 1), firm_zone())
    return booked([one for one in whole if one.source == f"invoice {invoice.stripe_id}"])


def test_void_later_leaves_months_that_are_over_as_they_were(payer: Client, owed: Invoice) -> None:
    today = clock.now().date()
    before = months_before(today)
    assert any(owed.number in one.text for one in before)
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/void")
    payer.hear()
    [void] = [one for one in invoices() if one.stripe_id == owed.stripe_id]
    assert void.status == "void" and void.voided_at
    assert months_before(today) == before
    assert not any(of(void).values())
    [back] = [one for one in journal(today, today, firm_zone()) if one.text.endswith(": void")]
    accounts = {posting.account for posting in back.postings}
    assert accounts == {entries.RECEIVABLE, entries.DEFERRED, entries.RETAINERS}


def test_void_takes_back_what_a_credit_note_lessened_before(payer: Client, owed: Invoice) -> None:
    payer.stripe.api("POST", "credit_notes", invoice=owed.stripe_id, amount=120000)
    payer.hear()
    [note] = rows(CreditNote)
    sums = booked(journal(date(2020, 1, 1), date(2040, 1, 1), firm_zone()))
    assert sums[entries.REFUNDS] == 120000 and sums[entries.RECEIVABLE] == 380000
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/void")
    payer.hear()
    whole = journal(date(2020, 1, 1), date(2040, 1, 1), firm_zone())
    sources = {f"invoice {owed.stripe_id}", f"credit_note {note.stripe_id}"}
    assert not any(booked([one for one in whole if one.source in sources]).values())
    assert booked(whole)[entries.RECEIVABLE] == 0


def test_written_off_is_a_loss_of_that_day_until_it_is_paid_after_all(
    payer: Client, owed: Invoice
) -> None:
    today, named = clock.now().date(), f"invoices/{owed.stripe_id}"
    before = months_before(today)
    payer.stripe.api("POST", f"{named}/mark_uncollectible")
    payer.hear()
    assert months_before(today) == before
    sums = of(owed)
    assert (sums[entries.RECEIVABLE], sums[entries.BAD_DEBTS]) == (0, 500000)
    payer.until(clock.now() + timedelta(days=3))
    payer.stripe.api("POST", f"{named}/pay", paid_out_of_band="true")
    payer.hear()
    sums = of(owed)
    assert (sums[entries.RECEIVABLE], sums[entries.BAD_DEBTS]) == (0, 0)
    assert sums[entries.OUTSIDE] == 500000 and months_before(today) == before
