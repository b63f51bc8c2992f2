"""Consultants' shares: sent once, held, queued, taken back, and never more than there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import make
from tests.billing.conftest import Client, failed_jobs, rows
from tests.billing.paying_out import Sharing, reversals, states, transfers
from webapp import clock, outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import Dispute, Payment, Refund, TransferReversal
from webapp.billing.paying_out import accounts, planning, sending
from webapp.billing.returning.giving import CARD, Giving, give
from webapp.db import session, transaction
from webapp.engagements.models import Assignment
from webapp.money import Money


@pytest.fixture
def sharing(payer: Client) -> Sharing:
    return Sharing(payer)


@pytest.fixture
def finance(app: object) -> Person:
    person = make.person(Role.FINANCE, name="Fay Finance", email="fay@firm.example.com")
    session.commit()
    return person


def give_back(sharing: Sharing, minor: int) -> None:
    give(sharing.invoice.id, Giving(Money(minor, "USD"), CARD, "", "Too much", "fay@firm"))
    session.commit()
    sharing.payer.hear()


# -- what is shared --------------------------------------------------------------------------------


def test_m43_a_transfer_names_its_charge_is_one_per_invoice_and_leaves_deposit_and_fee_alone(
    sharing: Sharing,
) -> None:
    sharing.begin(percent=40)
    [sent] = sharing.at_stripe()
    [payment] = rows(Payment)
    assert sent["amount"] == 200000  # 40% of 5,000; the deposit of 1,000 is the client's
    assert sent["source_transaction"] == payment.stripe_id
    assert sent["destination"] == sharing.account.stripe_id
    [row] = transfers()
    assert (row.state, row.stripe_id, row.part) == ("sent", sent["id"], "fee")
    with transaction():
        planning.share_out(sharing.invoice.id)
    sharing.payer.hear()
    assert len(sharing.at_stripe()) == len(transfers()) == 1
    assert failed_jobs() == []


def test_payment_is_mirrored_with_its_fee_and_net(sharing: Sharing) -> None:
    sharing.begin()
    [payment] = rows(Payment)
    assert (payment.amount, payment.method, payment.last4) == (
        Money(600000, "USD"), "card", "4242",
    )  # fmt: skip
    assert payment.fee == Money(17430, "USD")  # 2.9% and 30 cents
    assert payment.net_minor == 600000 - 17430
    assert not payment.disputed and payment.refunded_minor == 0


def test_m43_shares_of_a_whole_payment_never_pass_its_net(begin: Callable[..., Client]) -> None:
    sharing = Sharing(begin(deposit_minor=0))
    sharing.begin(percent=100)
    [payment], [sent] = rows(Payment), sharing.at_stripe()
    assert sent["amount"] == payment.net_minor == 500000 - 14530


def test_m43_a_team_shares_one_payment(sharing: Sharing) -> None:
    sharing.opens_account()
    other = make.consultant()
    sharing.payer.pay()
    session.add(
        Assignment(engagement_id=sharing.payer.engagement.id, consultant_id=other.id,
                   leads=False, share_percent=33)
    )  # fmt: skip
    session.commit()
    sharing.shares(33)
    sharing.payer.hear()
    assert sorted(row.earned_minor for row in transfers()) == [165000, 165000]
    assert {row.state for row in transfers()} == {"sent", "waiting"}


def test_no_share_makes_no_transfer(sharing: Sharing) -> None:
    sharing.begin(percent=0)
    assert transfers() == [] and len(rows(Payment)) == 1


def test_a_share_set_later_does_not_reach_back(sharing: Sharing) -> None:
    sharing.begin(percent=40)
    for row in rows(Assignment):
        row.share_percent = 80
    session.commit()
    give_back(sharing, 300000)
    assert {row.share_percent for row in transfers()} == {40}
    assert sum(row.minor for row in reversals()) == 120000


def test_a_share_set_after_the_payment_is_not_made_by_its_refund(sharing: Sharing) -> None:
    sharing.begin(percent=0)
    sharing.shares(40)
    give_back(sharing, 100000)
    assert transfers() == []
    assert [payment.refunded_minor for payment in rows(Payment)] == [100000]


# -- m44: an account that cannot be paid yet -------------------------------------------------------


def test_m44_a_share_waits_for_the_account_and_goes_once_it_is_enabled(sharing: Sharing) -> None:
    sharing.begin(percent=40, account=False)
    assert states() == [("waiting", "account", 200000)] and sharing.at_stripe() == []
    account = sharing.opens_account(finish=False)
    sharing.payer.hear()
    assert states() == [("waiting", "account", 200000)]
    sharing.payer.stripe.control(f"accounts/{account}", do="finish")
    sharing.payer.hear()
    assert [one["amount"] for one in sharing.at_stripe()] == [200000]
    assert states() == [("sent", "", 200000)]


def test_m44_an_account_held_up_again_queues_what_comes_next(sharing: Sharing) -> None:
    account = sharing.opens_account()
    sharing.shares(40)
    sharing.payer.stripe.control(f"accounts/{account}", do="require")
    sharing.payer.hear()
    assert not sharing.account.enabled and sharing.account.requirements
    sharing.payer.start()
    assert states() == [("waiting", "account", 200000)]
    sharing.payer.stripe.control(f"accounts/{account}", do="finish")
    sharing.payer.hear()
    assert states() == [("sent", "", 200000)]


def test_m44_stripe_says_no_before_we_knew(sharing: Sharing) -> None:
    """The account was stopped and the event is late: the share waits, nothing fails for good."""
    account = sharing.opens_account()
    sharing.shares(40)
    sharing.payer.stripe.control(f"accounts/{account}", do="require")
    sharing.payer.pay()
    for row in [sharing.account]:
        row.payouts_enabled = row.transfers_active = True
    session.commit()
    sharing.payer.drain()
    sharing.payer.hear()
    assert states() == [("waiting", "account", 200000)] and sharing.at_stripe() == []


# -- m41: a refund after the payout ----------------------------------------------------------------


def test_m41_a_refund_after_the_payout_calls_the_share_back_in_proportion(
    sharing: Sharing,
) -> None:
    sharing.begin(percent=40)
    give_back(sharing, 300000)
    [sent] = sharing.at_stripe()
    assert (sent["amount"], sent["amount_reversed"]) == (200000, 120000)
    assert [(row.state, row.minor) for row in reversals()] == [("made", 120000)]
    give_back(sharing, 300000)
    [sent] = sharing.at_stripe()
    assert sent["amount_reversed"] == 200000 and sent["reversed"]
    assert states() == [("reversed", "", 200000)]


def test_m41_what_the_account_does_not_cover_is_a_debt_set_off_against_the_next_share(
    sharing: Sharing,
) -> None:
    sharing.begin(percent=40)
    sharing.payer.stripe.control(f"accounts/{sharing.account.stripe_id}", do="empty")
    give_back(sharing, 300000)
    [debt] = reversals()
    assert (debt.state, debt.owed) == ("debt", 120000)
    sharing.payer.until(sharing.payer.renewal() + timedelta(hours=3))
    first, second = sharing.at_stripe()
    assert (first["amount_reversed"], second["amount"]) == (0, 80000)
    assert reversals()[0].owed == 0
    assert [row.set_off_minor for row in transfers()] == [0, 120000]


def test_m41_a_refund_before_the_payout_leaves_less_to_send(sharing: Sharing) -> None:
    sharing.begin(percent=40, account=False)
    give_back(sharing, 300000)
    sharing.opens_account()
    [sent] = sharing.at_stripe()
    assert (sent["amount"], sent["amount_reversed"]) == (80000, 0)
    assert [row.state for row in reversals()] == ["cut"]


def test_m41_a_whole_refund_before_the_payout_leaves_nothing_to_send(sharing: Sharing) -> None:
    sharing.begin(percent=40, account=False)
    give_back(sharing, 600000)
    sharing.opens_account()
    assert sharing.at_stripe() == []
    assert states() == [("dropped", "", 200000)]


def test_a_deposit_given_back_takes_nothing_of_a_share(sharing: Sharing) -> None:
    sharing.begin(percent=40)
    Refund.intend(sharing.invoice, Money(100000, "USD"), "deposit")
    session.commit()
    sharing.payer.hear()
    assert [row.state for row in rows(Refund)] == ["succeeded"]
    assert reversals() == [] and sharing.at_stripe()[0]["amount_reversed"] == 0


def test_m41_a_reversal_made_in_the_dashboard_is_mirrored(sharing: Sharing) -> None:
    sharing.begin(percent=40)
    [sent] = sharing.at_stripe()
    sharing.payer.stripe.api("POST", f"transfers/{sent['id']}/reversals", amount=500)
    sharing.payer.hear()
    assert [(row.cause, row.state, row.minor) for row in reversals()] == [
        ("dashboard", "made", 500)
    ]


# -- m42: disputes ---------------------------------------------------------------------------------


def test_m42_while_a_payment_is_contested_its_share_is_held_and_released_once_won(
    sharing: Sharing, finance: Person
) -> None:
    sharing.begin(percent=40, account=False)
    dispute = sharing.dispute()
    sharing.opens_account()
    assert states() == [("held", "dispute", 200000)] and sharing.at_stripe() == []
    sharing.decide(dispute, "won")
    assert states() == [("sent", "", 200000)]
    assert [row.status for row in rows(Dispute)] == ["won"]
    [opened] = sharing.payer.mails("contests a payment of $6,000.00")
    assert opened.startswith("Fay Finance") and "dashboard.stripe.com" in opened
    assert len(sharing.payer.mails("Won: the dispute")) == 1


def test_m42_a_lost_dispute_claws_the_share_back(sharing: Sharing, finance: Person) -> None:
    sharing.begin(percent=40)
    dispute = sharing.dispute()
    assert states() == [("sent", "", 200000)]
    sharing.decide(dispute, "lost")
    [sent] = sharing.at_stripe()
    assert sent["amount_reversed"] == 200000
    assert states() == [("reversed", "", 200000)]
    [row] = rows(Dispute)
    assert row.lost and row.closed_at and row.fee == Money(1500, "USD")
    assert len(sharing.payer.mails("Lost: the dispute")) == 1


def test_m42_a_dispute_is_told_once_however_often_its_events_come(
    sharing: Sharing, finance: Person
) -> None:
    sharing.begin(percent=40)
    sharing.payer.stripe.control("switches", duplicate=3, reorder=True)
    sharing.decide(sharing.dispute(), "lost")
    assert len(sharing.payer.mails("contests a payment")) == 1
    assert len(sharing.payer.mails("Lost: the dispute")) == 1
    assert sum(row.minor for row in reversals()) == 200000


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost_response", "500", "429", "409"])
def test_m43_a_transfer_through_every_fault_is_made_once(sharing: Sharing, kind: str) -> None:
    sharing.opens_account()
    sharing.shares(40)
    sharing.payer.pay()
    sharing.payer.stripe.fault("POST /v1/transfers", kind, times=4)
    sharing.payer.hear()
    calm(sharing)
    assert [one["amount"] for one in sharing.at_stripe()] == [200000]
    assert states() == [("sent", "", 200000)]


@pytest.mark.parametrize("kind", ["lost_response", "500"])
def test_m41_a_reversal_through_every_fault_is_made_once(sharing: Sharing, kind: str) -> None:
    sharing.begin(percent=40)
    sharing.payer.stripe.fault("reversals", kind, times=4)
    give_back(sharing, 300000)
    calm(sharing)
    [sent] = sharing.at_stripe()
    assert sent["amount_reversed"] == 120000
    assert [row.state for row in reversals()] == ["made"]


def calm(sharing: Sharing) -> None:
    """The faults are over, and all that waits is due."""
    sharing.payer.stripe.web.delete(f"{sharing.payer.stripe.base}/_sandbox/faults")
    for job in rows(outbox.Job):
        job.run_after = min(job.run_after, clock.now())
    session.commit()
    sharing.payer.hear()


def test_m43_a_crash_between_stripes_answer_and_our_commit_leaves_one_transfer(
    sharing: Sharing,
) -> None:
    """However long ago: after 23 hours Stripe may have forgotten the key, and it is found by its
    metadata."""
    sharing.begin(percent=40, account=False)
    sharing.opens_account(finish=False)
    sharing.payer.stripe.control(f"accounts/{sharing.account.stripe_id}", do="finish")
    sharing.payer.stripe.deliver()
    from_account(sharing)
    [row] = transfers()
    assert row.state == "intended"
    sending.send(row.id)
    session.rollback()  # the worker dies before it commits
    assert transfers()[0].state == "intended" and len(sharing.at_stripe()) == 1
    row = transfers()[0]
    row.attempt += 1  # as after a day: the key is another one
    session.commit()
    with transaction():
        sending.send(row.id)
    assert len(sharing.at_stripe()) == 1 and states() == [("sent", "", 200000)]


def from_account(sharing: Sharing) -> None:
    """The account is seen to be enabled, and what waited is fixed; nothing is sent yet."""
    consultant_id = sharing.consultant.id
    with transaction():
        accounts.sync(consultant_id)
        accounts.release_waiting(consultant_id)


def test_m41_a_refund_that_comes_while_the_share_is_on_its_way_still_takes_its_part(
    sharing: Sharing,
) -> None:
    sharing.begin(percent=40, account=False)
    sharing.opens_account(finish=False)
    sharing.payer.stripe.control(f"accounts/{sharing.account.stripe_id}", do="finish")
    from_account(sharing)
    assert states() == [("intended", "", 200000)]
    give_back(sharing, 300000)
    calm(sharing)
    [sent] = sharing.at_stripe()
    assert (sent["amount"], sent["amount_reversed"]) == (200000, 120000)
    assert [row.state for row in rows(TransferReversal)] == ["made"]
