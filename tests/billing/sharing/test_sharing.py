"""Shares of a payment, for any percentages, refunds and order: nothing is lost or invented."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.billing.sharing.conftest import (
    enable,
    give,
    later_invoice,
    line,
    rows_of,
    send_all,
)
from webapp import clock
from webapp.billing.models import (
    Invoice,
    Payment,
    TransferReversal,
)
from webapp.billing.paying_out import planning
from webapp.billing.paying_out.received import received_from
from webapp.billing.paying_out.sharing import Received, shares
from webapp.db import session
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
