"""Credit that stands on the client's balance: used where it may be, and paid out once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.billing.agreeing import agree
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.owed import RATE, balance, overage
from tests.billing.paying_out import Sharing, transfers
from tests.billing.test_deposit import end, usd
from tests.billing.test_deposit_and_money_back import contested, decided, give_back
from tests.billing.test_taxes import pay_from, taxed  # noqa: F401 - a fixture
from webapp import clock
from webapp.billing.changing import closing
from webapp.billing.models import Credit, Invoice
from webapp.billing.models.credit import CreditDiffers
from webapp.billing.owing.overage import add_overage
from webapp.db import session, transaction
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money


def unused_days(payer: Client, name: str, amount: Money) -> None:
    """Days of the first month that were paid and not worked."""
    engagement = session.get_one(Engagement, payer.engagement.id)
    first = engagement.kick_off_on
    days = (first, first + timedelta(days=2))
    Credit.intend(engagement, "pause", f"pause:{name}", "Days paused", amount, days)
    session.commit()
    payer.hear()


def paid_out() -> list[tuple[int, str]]:
    out = [row for row in refunds() if row.reason == "credit_at_the_end"]
    return [(row.amount_minor, row.state) for row in sorted(out, key=lambda row: row.id)]


def test_second_credit_after_the_end_is_paid_out_too(payer: Client) -> None:
    payer.start()
    unused_days(payer, "1", RATE)
    end(payer)
    unused_days(payer, "2", RATE)
    assert paid_out() == [(20000, "succeeded"), (20000, "succeeded")]
    with transaction():
        closing.close_account(payer.engagement.id)
    payer.hear()
    assert len(paid_out()) == 2 and balance() == 0
    agree(payer)


def test_one_piece_is_given_back_once_and_never_with_another_amount(payer: Client) -> None:
    payer.start()
    unused_days(payer, "1", RATE)
    unused_days(payer, "1", RATE)
    with pytest.raises(CreditDiffers):
        unused_days(payer, "1", Money(100, "USD"))
    session.rollback()
    with pytest.raises(ValueError, match="EUR"):
        unused_days(payer, "2", Money(100, "EUR"))
    session.rollback()
    assert [one.amount for one in rows(Credit)] == [RATE]


def test_credit_is_paid_out_with_its_tax(
    taxed: Callable[..., Client],  # noqa: F811 - the fixture
) -> None:
    payer = taxed("DE")
    pay_from(payer, "DE")
    unused_days(payer, "1", Money(100000, "EUR"))
    agree(payer)
    end(payer)
    assert paid_out() == [(119000, "succeeded")]
    agree(payer)


def test_credit_that_finance_gave_is_not_stranded_at_the_end(payer: Client) -> None:
    payer.start()
    give_back(payer, 200000, "credit")
    assert balance() == 200000
    end(payer)
    assert paid_out() == [(200000, "succeeded")] and balance() == 0
    assert [one["balance"] for one in payer.stripe.objects("customer")] == [0]
    agree(payer)


def test_overage_that_was_too_much_on_the_final_invoice_goes_back(payer: Client) -> None:
    payer.start()
    overage(payer, 600)
    end(payer)
    period = payer.engagement.periods[0]
    add_overage(period, 300, RATE)
    session.commit()
    payer.hear()
    payer.hear()
    # 1,000 of it the deposit had paid, 1,000 the card: either payment can give it back.
    assert sum(minor for minor, _ in paid_out()) == 100000 and balance() == 0
    agree(payer)


def closed_and_contested(payer: Client) -> str:
    """The bank contests the payment after the refunds were written down, before they are sent."""
    payer.start()
    unused_days(payer, "1", RATE)
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    over(payer)
    with transaction():
        closing.close_account(payer.engagement.id)
    dispute = str(contested(payer))
    assert {row.state for row in refunds()} == {"failed"} and balance() == 20000
    agree(payer)
    return dispute


def made() -> list[tuple[int, str, str]]:
    assert len({row.idempotency_key for row in refunds()}) == len(refunds())
    return sorted((row.amount_minor, row.state, row.reason) for row in refunds())


def test_refunds_that_a_new_dispute_forbids_are_made_once_it_is_won(payer: Client) -> None:
    dispute = closed_and_contested(payer)
    decided(payer, dispute, "won")
    assert made() == [
        (20000, "succeeded", "credit_at_the_end"),  # it waits for the paper of the deposit
        (100000, "failed", "deposit"), (100000, "succeeded", "deposit"),
    ]  # fmt: skip
    assert balance() == 0
    agree(payer)


def test_credit_taken_off_for_a_refund_that_a_dispute_forbids_is_put_back_until_it_is_won(
    begin: Callable[..., Client],
) -> None:
    payer = begin(deposit_minor=0)
    dispute = closed_and_contested(payer)
    assert made() == [(20000, "failed", "credit_at_the_end")]
    decided(payer, dispute, "won")
    assert made() == [(20000, "failed", "credit_at_the_end"),
                      (20000, "succeeded", "credit_at_the_end")]  # fmt: skip
    assert balance() == 0
    agree(payer)


def adjusted(payer: Client, credit: int) -> None:
    """Somebody gives credit (or takes it off) in Stripe's dashboard."""
    [customer] = payer.stripe.objects("customer")
    named = f"customers/{customer['id']}/balance_transactions"
    payer.stripe.api("POST", named, amount=-credit, currency="usd")
    payer.hear()


def test_credit_given_in_the_dashboard_is_booked_and_at_the_end_a_person_is_asked(
    payer: Client,
) -> None:
    payer.start()
    adjusted(payer, 30000)
    assert agree(payer)["Liabilities:ClientCredit"] == -30000
    adjusted(payer, -10000)
    assert agree(payer)["Liabilities:ClientCredit"] == -20000
    unused_days(payer, "1", RATE)
    end(payer)
    assert paid_out() == [(20000, "succeeded")] and balance() == 20000
    [asked] = [row for row in rows(FollowUp) if row.cause.startswith("credit_left")]
    assert "$200.00" in asked.text
    agree(payer)


def test_what_the_dashboard_asks_for_beside_is_booked_and_paid_with_the_next_invoice(
    payer: Client,
) -> None:
    payer.start()
    adjusted(payer, -5000)
    overage(payer, 60)
    end(payer)
    final = invoices()[-1]
    # The deposit pays both, and what is left of it goes back.
    assert (final.total, final.balance_applied, final.paid) == (usd(20000), usd(20000), usd(0))
    assert [row.amount for row in refunds()] == [usd(75000)] and balance() == 0
    agree(payer)


# -- two engagements of one company ----------------------------------------------------------------


@pytest.fixture
def two(begin: Callable[..., Client]) -> tuple[Client, Client]:
    """Two retainers of one company, each paid for, on one customer at Stripe."""
    one = begin(name="First retainer", deposit_minor=0)
    Sharing(one).begin(percent=40)
    other = begin(name="Second retainer", deposit_minor=0)
    session.get_one(Engagement, other.engagement.id).company = one.engagement.company
    session.commit()
    Sharing(other).shares(40)
    other.start()
    return one, other


def of(client: Client) -> list[Invoice]:
    wanted = client.engagement.id
    return [row for row in invoices() if row.engagement_id == wanted]


def standing(client: Client) -> int:
    ids = {row.id for row in of(client)}
    return sum(row.standing for row in transfers() if row.invoice_id in ids)


def test_credit_of_one_engagement_pays_the_companys_next_invoice_and_the_books_follow(
    two: tuple[Client, Client],
) -> None:
    one, other = two
    unused_days(one, "1", usd(200000))
    assert balance() == 200000
    assert (standing(one), standing(other)) == (300000 * 40 // 100, 500000 * 40 // 100)
    overage(other, 120)  # 400.00, on an invoice of its own once it has ended
    ended(other)
    final = of(other)[-1]
    assert (final.total, final.balance_applied, final.paid) == (usd(40000), usd(40000), usd(0))
    assert balance() == 160000
    # Each team has its part of what its own client work was paid with, whoever's money it was.
    assert (standing(one), standing(other)) == (300000 * 40 // 100, 540000 * 40 // 100)
    page = agree(one)
    assert page["Liabilities:ClientCredit"] == -160000
    assert refunds() == []  # the first goes on, and its next invoice takes the rest
    ended(one)
    assert sum(row.amount_minor for row in refunds()) == 160000 and balance() == 0
    agree(one)
    assert failed_jobs() == []


def ended(client: Client) -> None:
    [theirs] = client.stripe.of("subscription", client.engagement.id)
    client.stripe.api("DELETE", f"subscriptions/{theirs['id']}")
    client.hear()
    over(client)
    with transaction():
        closing.close_account(client.engagement.id)
    client.hear()
    client.hear()


def over(client: Client) -> None:
    engagement = session.get_one(Engagement, client.engagement.id)
    engagement.stage, engagement.ends_on = "ended", engagement.local_date(clock.now())
    session.commit()
