"""Shares of a payment, for any percentages, refunds and order: nothing is lost or invented."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from webapp import clock
from webapp.billing.models import (
    BalanceEntry,
    ConnectedAccount,
    Credit,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Transfer,
    TransferReversal,
)
from webapp.billing.paying_out import planning
from webapp.billing.paying_out.received import received_from
from webapp.billing.paying_out.sharing import Received, shares
from webapp.db import session
from webapp.engagements.models import Assignment
from webapp.money import Money


@st.composite
def teams(draw: st.DrawFn) -> list[int]:
    """Up to five percentages that come to a hundred at most."""
    left, found = 100, []
    for _ in range(draw(st.integers(1, 5))):
        found.append(draw(st.integers(0, left)))
        left -= found[-1]
    return found


@st.composite
def payments(draw: st.DrawFn) -> Received:
    currency = draw(st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
    unit = 10 if currency == "KWD" else 1
    paid = draw(st.integers(1, 2_000_000)) * unit
    deposit = draw(st.integers(0, paid // unit)) * unit
    tax = draw(st.integers(0, (paid - deposit) // unit)) * unit
    fee = draw(st.integers(0, paid))
    back = draw(st.integers(0, paid // unit)) * unit
    deposit_back = draw(st.integers(0, min(deposit, paid - back) // unit)) * unit
    unearned = draw(st.integers(0, (paid - deposit - tax) // unit)) * unit
    amounts = (paid, tax, deposit, fee, back, deposit_back, unearned, unearned)
    return Received(*(Money(minor, currency) for minor in amounts))


@given(payments(), teams())
def test_m43_shares_never_pass_what_is_left_of_the_payment(
    received: Received, percents: Sequence[int]
) -> None:
    found = shares(received, percents)
    whole = sum((share.minor for share in found), 0)
    given_back = received.returned + received.deposit_returned
    net = received.paid - received.tax - received.fee - given_back - received.unearned
    assert all(share.minor >= 0 for share in found)
    assert whole <= max(0, net.minor)
    assert whole <= received.for_work.minor
    firm = net.minor - whole
    assert whole + firm == net.minor and (firm >= 0 or net.minor < 0)


@given(payments(), teams())
def test_a_share_is_its_percentage_to_the_unit_where_nothing_is_cut(
    received: Received, percents: Sequence[int]
) -> None:
    calm = replace(received, fee=received.nothing, tax=received.nothing, deposit=received.nothing)
    calm = replace(calm, returned=received.nothing, deposit_returned=received.nothing,
                   unearned=received.nothing, unearned_whole=received.nothing)  # fmt: skip
    unit = 10 if calm.paid.currency == "KWD" else 1
    for share, percent in zip(shares(calm, percents), percents, strict=True):
        exact = calm.paid.minor * percent
        assert 0 <= exact - share.minor * 100 < 100 * unit


@given(payments(), teams())
def test_m41_what_goes_back_whole_leaves_nothing_to_share(
    received: Received, percents: Sequence[int]
) -> None:
    gone = replace(received, returned=received.paid - received.deposit_returned)
    assert all(not share for share in shares(gone, percents))


@given(payments(), teams(), st.integers(0, 1_000_000))
def test_m41_more_going_back_never_leaves_the_team_more(
    received: Received, percents: Sequence[int], more: int
) -> None:
    limit = received.paid - received.deposit_returned
    later = replace(received, returned=min(received.returned + Money(more, limit.currency), limit))
    before = sum(share.minor for share in shares(received, percents))
    assert sum(share.minor for share in shares(later, percents)) <= max(before, 0)


@pytest.mark.parametrize("percents", [[60, 41], [-1], [101]])
def test_shares_that_cannot_be_are_refused(percents: list[int]) -> None:
    nothing = Money(0, "USD")
    received = Received(Money(100, "USD"), *[nothing] * 7)
    with pytest.raises(ValueError, match="no shares"):
        shares(received, percents)


# -- the rows --------------------------------------------------------------------------------------


@pytest.fixture
def paid_invoice(app: Flask) -> Callable[[int, int, Sequence[int]], Invoice]:
    def make_one(paid: int, deposit: int, percents: Sequence[int]) -> Invoice:
        engagement = make.engagement("active")
        [lead] = engagement.assignments
        lead.share_percent = percents[0]
        for percent in percents[1:]:
            make.saved(
                Assignment(engagement=engagement, consultant=make.consultant(), leads=False,
                           share_percent=percent)
            )  # fmt: skip
        amounts = {"retainer": paid - deposit, "deposit": deposit}
        lines = [
            {"text": kind, "minor": minor, "kind": kind, "item": None}
            for kind, minor in amounts.items()
        ]
        name, now = f"in_{engagement.id.hex}", clock.now()
        invoice = Invoice(
            engagement=engagement, stripe_id=name, status="paid", currency="USD", lines=lines,
            total_minor=paid, paid_minor=paid, due_minor=0, issued_at=now, paid_at=now,
            livemode=False, synced_at=now, tax_minor=0, out_of_band=False,
        )  # fmt: skip
        make.saved(invoice)
        make.saved(
            Payment(invoice=invoice, stripe_id=f"ch_{engagement.id.hex}", payment_intent="pi",
                    method="card", amount_minor=paid, currency="USD", fee_minor=paid // 40,
                    net_minor=paid - paid // 40, settled_currency="USD", paid_at=now,
                    livemode=False, synced_at=now)
        )  # fmt: skip
        planning.share_out(invoice.id)
        return invoice

    return make_one


def give(invoice: Invoice, minor: int) -> Refund:
    made = Refund(invoice=invoice, idempotency_key=f"refund:{invoice.id}:{len(invoice.refunds)}",
                  amount_minor=minor, currency="USD", reason="requested", state="succeeded",
                  faults=0)  # fmt: skip
    make.saved(made)
    planning.settle(invoice.id, f"refund:{made.id}")
    return made


def rows_of(invoice: Invoice) -> list[Transfer]:
    session.flush()
    return Transfer.of(invoice.id)


@given(
    percents=teams(),
    paid=st.integers(2, 500_000),
    deposit=st.integers(0, 100_000),
    refunds=st.lists(st.integers(1, 200_000), max_size=4),
    sent_after=st.integers(0, 4),
)
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_m41_rows_add_up_whatever_goes_back_in_whatever_order(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
    percents: list[int],
    paid: int,
    deposit: int,
    refunds: list[int],
    sent_after: int,
) -> None:
    """Some of it before the shares are sent, some after: what everybody keeps is the same."""
    invoice = paid_invoice(paid, min(deposit, paid - 1), percents)
    for number, wanted in enumerate(refunds):
        if number == sent_after:
            send_all(invoice)
        left = (invoice.paid - invoice.given_back).minor
        if left > 0:
            give(invoice, min(wanted, left))
    rows = rows_of(invoice)
    received = received_from(invoice)
    targets = dict(zip(percents, shares(received, percents), strict=True))
    for row in rows:
        target = targets[row.share_percent]
        assert 0 <= row.standing <= row.earned_minor
        # Rounding can favour somebody by a unit later on; nobody is sent a single unit for that.
        assert abs(row.standing - target.minor) <= len(refunds)
    kept = sum(row.standing for row in rows)
    net = received.paid - received.tax - received.fee - received.returned
    assert kept <= max(0, net.minor)
    taken = [one for row in rows for one in row.reversals]
    assert sum(row.earned_minor for row in rows) - sum(one.minor for one in taken) == kept
    assert {one.state for one in taken} <= {"cut", "intended"}
    session.rollback()


def send_all(invoice: Invoice) -> None:
    for row in rows_of(invoice):
        if row.unsent and row.standing > 0:
            row.state, row.amount_minor, row.reason = "sent", row.standing, ""
    session.flush()


def test_debts_of_a_consultant_are_never_set_off_against_another_ones_share(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(100_000, 0, [50])
    [row] = rows_of(first)
    row.state, row.amount_minor = "sent", row.earned_minor
    make.saved(TransferReversal(transfer=row, minor=50_000, cause="refund:x", state="debt",
                                attempt=0, settled_minor=0))  # fmt: skip
    [other] = rows_of(paid_invoice(100_000, 0, [50]))
    assert other.set_off_minor == 0 and other.consultant_id != row.consultant_id


# -- what is shared from where ---------------------------------------------------------------------


def later_invoice(first: Invoice, **values: object) -> Invoice:
    """Another invoice of the same engagement, shared out."""
    now = clock.now()
    defaults = {"total_minor": 0, "paid_minor": 0, "tax_minor": 0, "out_of_band": False,
                "lines": []}  # fmt: skip
    made: Invoice = make.saved(
        Invoice(engagement=first.engagement, stripe_id=f"in_later_{first.id.hex}", status="paid",
                currency="USD", due_minor=0, issued_at=now, paid_at=now, livemode=False,
                synced_at=now, **(defaults | values))
    )  # fmt: skip
    planning.share_out(made.id)
    return made


def line(kind: str, minor: int) -> dict[str, object]:
    return {"text": kind, "minor": minor, "kind": kind, "item": None}


def enable(row: Transfer) -> None:
    make.saved(
        ConnectedAccount(consultant_id=row.consultant_id, stripe_id=f"acct_{row.id.hex}",
                         payouts_enabled=True, transfers_active=True, requirements=[])
    )  # fmt: skip


def credited(first: Invoice, kind: str, minor: int, whole: int = 0) -> CreditNote:
    """A credit note of ours on its only line of that kind; whole: with tax, where it had some."""
    credit = make.saved(
        Credit(engagement=first.engagement, key=f"{kind}:{minor}", label=kind, amount_minor=minor,
               kind="deposit" if kind == "deposit" else "pause", short_minor=0, currency="USD",
               state="placed")
    )  # fmt: skip
    note: CreditNote = make.saved(
        CreditNote(invoice=first, credit=credit, idempotency_key=credit.key, means="credit",
                   stripe_id=f"cn_{kind}_{minor}", amount_minor=whole or minor, currency="USD",
                   lines=[{"id": "il_1", "minor": minor, "net": minor}], state="issued")
    )  # fmt: skip
    moved(first, whole or minor, note=note.stripe_id or "")
    planning.settle(first.id, f"credit_note:{note.id}")
    return note


def moved(invoice: Invoice, minor: int, note: str = "", used_by: str = "") -> None:
    """An entry of the client's balance."""
    company_id, now = invoice.engagement.company_id, clock.now()
    assert company_id
    Customer.note(company_id, f"cus_{company_id.hex}", livemode=False)
    customer = Customer.of(company_id)
    assert customer
    number = len(BalanceEntry.known(customer.id)) + 1
    make.saved(
        BalanceEntry(customer_id=customer.id, stripe_id=f"cbtxn_{number}", kind="x", number=number,
                     credit_minor=minor, currency="USD", stripe_note=note, stripe_invoice=used_by,
                     made_at=now)
    )  # fmt: skip


def paid_from_credit(first: Invoice, total: int, credit: int) -> Invoice:
    """A later invoice for work that the client's credit paid, or a part of it."""
    moved(first, -credit, used_by=f"in_later_{first.id.hex}")
    return later_invoice(first, lines=[line("retainer", total)], total_minor=total,
                         paid_minor=total - credit, balance_applied_minor=credit)  # fmt: skip


def test_m43_a_deposit_is_shared_when_it_pays_an_invoice_and_out_of_the_charge_that_brought_it(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(600_000, 100_000, [40])
    [row] = rows_of(first)
    assert row.earned_minor == 200_000
    enable(row)
    credited(first, "deposit", 100_000)
    assert row.standing == 200_000
    [part] = rows_of(paid_from_credit(first, 100_000, 100_000))
    assert (part.part, part.earned_minor, part.state) == ("credit.0", 40_000, "intended")
    assert part.source == Payment.of(first)[0].stripe_id


@pytest.mark.parametrize(("credit", "later"), [(125_000, 500_000), (500_000, 300_000)])
def test_m41_days_credited_take_their_shares_and_what_their_credit_pays_is_shared_again(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice], credit: int, later: int
) -> None:
    first = paid_invoice(600_000, 100_000, [40])
    credited(first, "retainer", credit)
    assert sum(row.standing for row in rows_of(first)) == (500_000 - credit) * 40 // 100
    used = min(credit, later)
    last = paid_from_credit(first, later, used)
    whole = sum(row.standing for row in [*rows_of(first), *rows_of(last)])
    assert whole == (500_000 - credit + later) * 40 // 100
    assert whole <= first.paid_minor + last.paid_minor


def test_m41_days_credited_of_an_invoice_that_credit_had_paid_take_its_shares_too(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(500_000, 0, [40])
    credited(first, "retainer", 300_000)
    last = paid_from_credit(first, 500_000, 300_000)
    credited(last, "retainer", 400_000)
    assert sum(row.standing for row in rows_of(last)) == 100_000 * 40 // 100
    assert sum(row.standing for row in rows_of(first)) == 200_000 * 40 // 100


def test_m42_a_deposit_is_held_while_the_payment_that_brought_it_is_contested(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(600_000, 100_000, [40])
    enable(rows_of(first)[0])
    credited(first, "deposit", 100_000)
    now = clock.now()
    opened = Dispute(payment=Payment.of(first)[0], stripe_id="du_1", status="needs_response",
                     reason="fraudulent", amount_minor=600_000, currency="USD", opened_at=now,
                     livemode=False, synced_at=now)  # fmt: skip
    make.saved(opened)
    last = paid_from_credit(first, 100_000, 100_000)
    [part] = rows_of(last)
    assert (part.state, part.reason) == ("held", "dispute")
    opened.status = "won"
    planning.release_all(planning.locked(last.id))
    assert rows_of(last)[0].state == "intended"


def test_a_payment_booked_in_another_currency_is_left_to_the_firm(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    invoice = paid_invoice(100_000, 0, [40])
    [row] = rows_of(invoice)
    enable(row)
    Payment.of(invoice)[0].settled_currency = "EUR"
    planning.release_all(planning.locked(invoice.id))
    assert (row.state, row.reason) == ("held", "currency")


def test_m41_a_refund_that_fails_gives_the_share_back_once(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    invoice = paid_invoice(100_000, 0, [40])
    send_all(invoice)
    made = give(invoice, 50_000)
    assert sum(row.standing for row in rows_of(invoice)) == 20_000
    made.state = "failed"
    for _ in range(2):
        planning.settle(invoice.id, f"refund:{made.id}", restore=True)
    assert [(row.part, row.earned_minor) for row in rows_of(invoice)] == [
        ("fee", 40_000), ("fee:2", 20_000),
    ]  # fmt: skip
    assert sum(row.standing for row in rows_of(invoice)) == 40_000


def test_m41_what_was_set_off_or_paid_by_hand_cannot_be_called_back_and_is_a_debt(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    invoice = paid_invoice(100_000, 0, [40])
    [row] = rows_of(invoice)
    row.state, row.set_off_minor, row.amount_minor = "sent", 15_000, 25_000
    give(invoice, 100_000)
    assert [(one.state, one.minor) for one in rows_of(invoice)[0].reversals] == [
        ("intended", 25_000), ("debt", 15_000),
    ]  # fmt: skip
    by_hand = paid_invoice(100_000, 0, [40])
    rows_of(by_hand)[0].paid_outside()
    give(by_hand, 100_000)
    assert [(one.state, one.minor) for one in rows_of(by_hand)[0].reversals] == [("debt", 40_000)]


def test_m41_debts_are_set_off_oldest_first_and_what_is_left_is_sent(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(100_000, 0, [40])
    [row] = rows_of(first)
    row.state, row.amount_minor = "sent", 40_000
    for minor in (5_000, 30_000):
        make.saved(TransferReversal(transfer=row, minor=minor, cause="refund:x", state="debt",
                                    attempt=0, settled_minor=0))  # fmt: skip
    enable(row)
    lines = [line("retainer", 50_000)]
    last = later_invoice(first, total_minor=50_000, paid_minor=50_000, lines=lines)
    now = clock.now()
    make.saved(
        Payment(invoice=last, stripe_id=f"ch_{last.id.hex}", payment_intent="pi", method="card",
                amount_minor=50_000, currency="USD", fee_minor=0, net_minor=50_000,
                settled_currency="USD", paid_at=now, livemode=False, synced_at=now)
    )  # fmt: skip
    planning.release_all(planning.locked(last.id))
    [part] = rows_of(last)  # a share of 20,000 against debts of 35,000
    assert (part.state, part.set_off_minor, part.amount_minor) == ("dropped", 20_000, 0)
    owed = [one.owed for one in rows_of(first)[0].reversals]
    assert owed == [0, 15_000]


def test_m43_tax_is_nobodys_share(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first = paid_invoice(100_000, 0, [50])
    taxed = later_invoice(first, total_minor=120_000, paid_minor=120_000, tax_minor=20_000,
                          lines=[line("retainer", 100_000)])  # fmt: skip
    assert [row.earned_minor for row in rows_of(taxed)] == [50_000]


def test_m43_what_credit_paid_is_not_shared_a_second_time(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    """An invoice of 1,000 of which 400 came from credit on the balance brings 600."""
    first = paid_invoice(100_000, 0, [50])
    half = later_invoice(first, total_minor=100_000, paid_minor=60_000,
                         lines=[line("retainer", 100_000)])  # fmt: skip
    assert [row.earned_minor for row in rows_of(half)] == [30_000]
