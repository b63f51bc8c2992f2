"""The journal balances whatever the mirrors hold, and adds up to them to the cent."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing import beancount_file
from tests.billing.conftest import Client, invoices, rows
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.books import entries, money_entries
from webapp.billing.books.entries import Transaction
from webapp.billing.books.journal import beancount, journal
from webapp.billing.models import (
    CreditNote,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Transfer,
    TransferReversal,
)
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.money import Money
from webapp.web import firm_zone

ZONE = "America/New_York"
AT = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))
MINOR = st.integers(0, 10**9)
KINDS = ["retainer", "first_month", "deposit", "diagnostic", "overage", "one_off", "proration",
         None]  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    starts = draw(AT)
    ends = starts + timedelta(days=draw(st.integers(0, 92)))
    kind = draw(st.sampled_from(KINDS))
    minor = draw(st.integers(-(10**6), 10**7))
    return {"text": draw(st.text(max_size=20)), "minor": minor, "kind": kind,
            "starts": starts.isoformat(), "ends": ends.isoformat()}  # fmt: skip


@st.composite
def an_invoice(draw: st.DrawFn) -> Invoice:
    """As Stripe makes them: the total is its lines less discount plus tax; what is neither paid
    nor open was the client's credit."""
    currency = draw(st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
    its = draw(st.lists(lines(), min_size=1, max_size=5))
    discount, tax = draw(st.integers(0, 10**5)), draw(st.integers(0, 10**6))
    total = sum(line["minor"] for line in its) - discount + tax
    status = draw(st.sampled_from(["open", "paid", "void", "uncollectible"]))
    paid = draw(st.integers(0, max(total, 0))) if status == "paid" else 0
    at = draw(AT)
    later = st.integers(0, 200).map(lambda days: at + timedelta(days=days))
    given_up = status == "uncollectible" or (status != "open" and draw(st.booleans()))
    made = Invoice(
        id=uuid.uuid4(), stripe_id="in_1", number="RH-1", currency=currency, lines=its,
        discount_minor=discount, tax_minor=tax, subtotal_minor=total + discount - tax,
        total_minor=total, status=status, paid_minor=paid, issued_at=at,
        due_minor=max(total, 0) if status in ("open", "uncollectible") else 0,
        out_of_band=status == "paid" and draw(st.booleans()),
        paid_at=draw(later) if status == "paid" else None,
        voided_at=draw(later) if status == "void" else None,
        written_off_at=draw(later) if given_up else None,
    )  # fmt: skip
    settled = made.paid_minor + made.due_minor
    made.balance_applied_minor = 0 if made.out_of_band else total - settled
    return made


def booked(found: list[Transaction]) -> dict[str, int]:
    return {account: minor for (account, _), minor in entries.totals(found).items()}


@given(an_invoice())
def test_every_entry_of_an_invoice_balances(invoice: Invoice) -> None:
    found = [
        *entries.of_invoice(invoice, "A client", ZONE),
        *entries.earned(invoice, "A client", ZONE),
    ]
    assert all(one.balanced for one in found)
    assert booked(found).get(entries.UNEXPLAINED, 0) == 0
    beancount_file.read("".join(beancount(found, "A title")))


@given(an_invoice())
def test_what_is_receivable_in_the_end_is_what_is_still_open(invoice: Invoice) -> None:
    found = list(entries.of_invoice(invoice, "A client", ZONE))
    sums = booked(found)
    assert sums.get(entries.RECEIVABLE, 0) == (invoice.due_minor if invoice.status == "open" else 0)
    lost = invoice.due_minor if invoice.status == "uncollectible" else 0
    assert sums.get(entries.BAD_DEBTS, 0) == lost


@given(an_invoice())
def test_what_is_paid_ahead_is_earned_to_the_unit_in_the_end(invoice: Invoice) -> None:
    found = [
        *entries.of_invoice(invoice, "A client", ZONE),
        *entries.earned(invoice, "A client", ZONE),
    ]
    assert booked(found).get(entries.DEFERRED, 0) == 0


@given(lines())
def test_each_part_is_earned_by_the_end_of_its_calendar_month(line: dict[str, Any]) -> None:
    invoice = Invoice(id=uuid.uuid4(), stripe_id="in_1", currency="USD", lines=[line],
                      status="paid", number="1")  # fmt: skip
    found = list(entries.earned(invoice, "A client", ZONE))
    months = [(one.on.year, one.on.month) for one in found]
    assert len(months) == len(set(months))


@given(an_invoice(), st.integers(1, 10**6), st.sampled_from(["cancelled", "deposit_rest"]))
def test_refunds_and_credit_notes_balance_and_give_what_they_say(
    invoice: Invoice, minor: int, reason: str
) -> None:
    common = {"id": uuid.uuid4(), "invoice": invoice, "amount_minor": minor,
              "currency": invoice.currency, "created_at": invoice.issued_at}  # fmt: skip
    refund = Refund(state="succeeded", reason=reason, **common)
    found = list(money_entries.of_refund(refund, "A client", ZONE))
    assert all(one.balanced for one in found)
    assert booked(found)[entries.STRIPE] == -minor
    for means, account in money_entries.NOTE_ACCOUNTS.items():
        note = CreditNote(state="issued", means=means, number="N", **common)
        told = list(money_entries.of_credit_note(note, "A client", ZONE))
        assert all(one.balanced for one in told)
        lost = invoice.written_off_at is not None and invoice.written_off_at < note.created_at
        account = entries.BAD_DEBTS if means == "reduce" and lost else account
        assert booked(told)[account] == -minor


@pytest.mark.parametrize("state", ["intended", "failed"])
def test_refund_that_went_nowhere_is_not_booked(state: str) -> None:
    refund = Refund(id=uuid.uuid4(), state=state)
    assert list(money_entries.of_refund(refund, "A client", ZONE)) == []


@given(st.integers(1, 10**9), MINOR, st.sampled_from(["USD", "EUR"]), st.integers(1, 10**9))
def test_payment_settled_in_any_currency_balances_and_leaves_the_net(
    amount: int, fee: int, settled: str, net: int
) -> None:
    net = amount - fee if settled == "USD" else net
    invoice = Invoice(number="RH-1")
    payment = Payment(
        id=uuid.uuid4(), stripe_id="ch_1", invoice=invoice, amount_minor=amount, currency="USD",
        fee_minor=fee, net_minor=net, settled_currency=settled, paid_at=clock.now(),
    )  # fmt: skip
    found = list(money_entries.of_payment(payment, "A client", ZONE))
    assert all(one.balanced for one in found)
    totals = entries.totals(found)
    assert totals.get((entries.STRIPE, settled), 0) == net
    assert totals.get((entries.RECEIVABLE, "USD"), 0) == -amount
    beancount_file.read("".join(beancount(found, "A title")))


@pytest.mark.parametrize(("status", "left"), [("won", 0), ("lost", -5000), ("needs_response", 0)])
def test_disputes_hold_the_money_until_they_are_decided(status: str, left: int) -> None:
    invoice = Invoice(number="RH-1")
    payment = Payment(id=uuid.uuid4(), invoice=invoice, stripe_id="ch_1")
    dispute = Dispute(
        id=uuid.uuid4(), stripe_id="dp_1", payment=payment, status=status, reason="general",
        amount_minor=5000, currency="USD", fee_minor=1500, fee_currency="USD",
        opened_at=clock.now(), closed_at=None if status == "needs_response" else clock.now(),
    )  # fmt: skip
    found = list(money_entries.of_dispute(dispute, "A client", ZONE))
    assert all(one.balanced for one in found)
    totals = booked(found)
    assert totals[entries.DISPUTE_FEES] == 1500
    assert totals.get(entries.DISPUTED, 0) == (5000 if status == "needs_response" else 0)
    assert totals.get(entries.LOST, 0) == -left


@given(st.integers(1, 10**6), st.data())
def test_consultants_are_owed_what_was_earned_less_what_was_sent_and_taken_back(
    earned: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, earned))
    made = data.draw(st.integers(0, earned - cut))
    now = clock.now()
    transfer = Transfer(
        id=uuid.uuid4(), stripe_id="tr_1", invoice=Invoice(number="RH-1"), currency="USD",
        earned_minor=earned, amount_minor=earned - cut, sent_at=now, created_at=now, outside=False,
        consultant=Consultant(person=Person(name="Con Sultant", email="con@example.com")),
    )  # fmt: skip
    transfer.reversals = [
        TransferReversal(id=uuid.uuid4(), minor=minor, state=state, created_at=now, made_at=now)
        for minor, state in ((cut, "cut"), (made, "made"))
        if minor
    ]
    found = list(money_entries.of_transfer(transfer, ZONE))
    assert all(one.balanced for one in found)
    totals = booked(found)
    assert totals.get(entries.CONSULTANTS, 0) == 0
    assert totals.get(entries.STRIPE, 0) == -(earned - cut) + made
    assert totals.get(entries.SHARES, 0) == earned - cut - made


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_is_written_so_that_it_is_read_back_as_one_string(name: str, text: str) -> None:
    postings = entries.both(entries.STRIPE, entries.RECEIVABLE, Money(1, "USD"))
    one = Transaction(date(2026, 1, 1), name, text, "invoice in_1", postings)
    [entry] = beancount_file.read("".join(beancount([one], name)))
    assert entry.on == date(2026, 1, 1)


# -- the whole journal of real months --------------------------------------------------------------


def test_the_journal_of_all_months_sums_to_the_mirrors_to_the_cent(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() + timedelta(hours=2), by=timedelta(days=31))
    first = invoices()[0]
    payment = payer.stripe.objects("charge")[-1]["payment_intent"]
    payer.stripe.api("POST", "refunds", payment_intent=payment, amount=12345)
    payer.hear()
    last = clock.now().date() + timedelta(days=120)
    found = journal(first.issued_at.date() - timedelta(days=2), last, firm_zone())
    read = beancount_file.read("".join(beancount(found, "All of it")))
    sums = {account: minor for (account, _), minor in beancount_file.totals(read).items()}
    fees = sum(row.fee_minor or 0 for row in rows(Payment))
    paid = sum(row.paid_minor for row in invoices())
    assert paid > 0 and fees > 0 and len(invoices()) == 2
    assert sums[entries.STRIPE] == in_major(paid - fees - 12345)
    assert sums[entries.FEES] == in_major(fees)
    assert sums[entries.RECEIVABLE] == 0 == sums[entries.DEFERRED]
    assert entries.UNEXPLAINED not in sums
    deposit = sum(
        line["minor"] for row in invoices() for line in row.lines if line["kind"] == "deposit"
    )
    back = -sums[entries.DEPOSITS]
    assert back == in_major(deposit)  # the refund was for the work, of which there is enough


@pytest.mark.parametrize(("full_refund_days", "kept"), [(400, 1000), (0, 0)])
def test_deposit_that_a_late_cancellation_keeps_is_held_for_the_client_no_more(
    payer: Client, full_refund_days: int, kept: int
) -> None:
    engagement = payer.start()
    engagement.terms.full_refund_days = full_refund_days
    engagement.cancel_before_kickoff(engagement.sponsor, "Plans changed")
    session.commit()
    payer.hear()
    last = clock.now().date() + timedelta(days=120)
    found = journal(last - timedelta(days=400), last, firm_zone())
    sums = entries.totals(found)
    assert sums[entries.DEPOSITS, "USD"] == 0
    assert -sums.get((entries.OTHER, "USD"), 0) == kept * 100
    assert all(one.balanced for one in found)


def test_months_one_by_one_are_the_whole(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() + timedelta(hours=2), by=timedelta(days=31))
    begun = invoices()[0].issued_at.date().replace(day=1)
    months = [begun]
    while len(months) < 7:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    spans = list(pairwise(months))
    apart = [
        one for start, end in spans for one in journal(start, end - timedelta(days=1), firm_zone())
    ]
    whole = journal(months[0], months[-1] - timedelta(days=1), firm_zone())
    assert entries.totals(apart) == entries.totals(whole)
    assert len(apart) == len(whole)


def in_major(minor: int) -> Decimal:
    return Money(minor, "USD").major
