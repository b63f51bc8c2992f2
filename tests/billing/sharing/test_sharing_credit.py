"""Shares of what a deposit or credit paid, and of days that were credited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select

from tests import make
from tests.billing.sharing.conftest import (
    credited,
    enable,
    later_invoice,
    line,
    paid_from_credit,
    rows_of,
)
from webapp import clock
from webapp.billing.models import (
    Dispute,
    Invoice,
    Payment,
    Transfer,
)
from webapp.billing.paying_out import planning
from webapp.db import session
from webapp.outbox import Job


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


def test_m43_what_credit_paid_is_not_shared_a_second_time(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    """An invoice of 1,000 of which 400 came from credit on the balance brings 600."""
    first = paid_invoice(100_000, 0, [50])
    half = later_invoice(first, total_minor=100_000, paid_minor=60_000,
                         lines=[line("retainer", 100_000)])  # fmt: skip
    assert [row.earned_minor for row in rows_of(half)] == [30_000]


def thrice(paid_invoice: Callable[[int, int, Sequence[int]], Invoice]) -> tuple[Invoice, Invoice]:
    """Credit of a first invoice pays most of a second, whose credit pays the third: (first, third).
    The second brought 1,000 of its own."""
    first = paid_invoice(500_000, 0, [40])
    enable(rows_of(first)[0])
    credited(first, "retainer", 400_000)
    second = paid_from_credit(first, 500_000, 400_000)
    make.saved(
        Payment(invoice=second, stripe_id=f"ch_{second.id.hex}", payment_intent="pi_2",
                method="card", amount_minor=100_000, currency="USD", fee_minor=0,
                net_minor=100_000, settled_currency="USD", paid_at=clock.now(), livemode=False,
                synced_at=clock.now())
    )  # fmt: skip
    credited(second, "retainer", 300_000)
    return first, paid_from_credit(second, 300_000, 300_000)


def test_m43_a_share_names_a_payment_that_has_so_much(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first, third = thrice(paid_invoice)
    [part] = rows_of(third)
    assert (part.amount_minor, part.state) == (120_000, "intended")
    assert part.source == Payment.of(first)[0].stripe_id


def test_m43_a_share_that_no_single_payment_has_comes_from_the_balance(
    paid_invoice: Callable[[int, int, Sequence[int]], Invoice],
) -> None:
    first, third = thrice(paid_invoice)
    [part] = rows_of(third)
    Payment.of(first)[0].amount_minor = 250_000
    part.wait("waiting", "")
    planning.release_all(planning.locked(third.id))
    assert (part.amount_minor, part.state, part.source) == (120_000, "intended", "")
    assert len({job.dedupe_key for job in jobs_of(part)}) == 2


def jobs_of(transfer: Transfer) -> Sequence[Job]:
    named = Job.payload[0].as_string() == str(transfer.id)
    return session.scalars(select(Job).where(Job.task == "billing.send_transfer", named)).all()
