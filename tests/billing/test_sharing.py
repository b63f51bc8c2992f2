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
from webapp.billing.models import Invoice, Payment, Refund, Transfer, TransferReversal
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
    amounts = (paid, tax, deposit, fee, back, deposit_back)
    return Received(*(Money(minor, currency) for minor in amounts))


@given(payments(), teams())
def test_m43_shares_never_pass_what_is_left_of_the_payment(
    received: Received, percents: Sequence[int]
) -> None:
    found = shares(received, percents)
    whole = sum((share.minor for share in found), 0)
    given_back = received.returned + received.deposit_returned
    net = received.paid - received.tax - received.fee - given_back
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
    calm = replace(calm, returned=received.nothing, deposit_returned=received.nothing)
    unit = 10 if calm.paid.currency == "KWD" else 1
    for share, percent in zip(shares(calm, percents), percents, strict=True):
        exact = calm.paid.minor * percent
        assert abs(share.minor * 100 - exact) < 100 * unit


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
    received = Received(Money(100, "USD"), nothing, nothing, nothing, nothing, nothing)
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
    wanted_now = shares(received, [row.share_percent for row in rows])
    for row, target in zip(rows, wanted_now, strict=True):
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
