"""However money goes back, by whom and in whatever order: never more than came in, and not less."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.billing.agreeing import agree
from tests.billing.changing import firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows
from tests.billing.owed import balance
from tests.billing.test_deposit import end
from tests.billing.test_deposit_and_money_back import contested, decided, give_back
from tests.billing.test_one_checkout import lose_time
from tests.billing.test_refused_notes import refused_once
from tests.billing.test_taxes import pay_from, taxed  # noqa: F401 - a fixture
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.calls import refunds as refund_calls
from webapp.billing.models import Credit, CreditNote, Dispute
from webapp.billing.returning import crediting
from webapp.billing.returning.giving import Giving, give
from webapp.billing.returning.left import CARD, left_of
from webapp.db import session, transaction
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def days_off(payer: Client, amount: Money) -> Credit:
    """Written down, of days that the first invoice charged; no job has looked at it yet."""
    engagement = under_way(payer, days=2)
    first = engagement.month_around(engagement.today)[0]
    days = (first + timedelta(days=3), first + timedelta(days=20))
    credit = Credit.intend(engagement, "pause", "pause:x", "Days paused", amount, days)
    session.commit()
    return credit


def back(payer: Client) -> int:
    """What the client has again: money on its way or there, and credit."""
    return sum(row.amount_minor for row in refunds() if row.state != "failed") + balance()


def asked_about_credit() -> list[str]:
    return [row.cause for row in rows(FollowUp) if row.cause.startswith("credit")]


def cancel(payer: Client) -> None:
    engagement = payer.engagement
    assert engagement.sponsor
    engagement.cancel_before_kickoff(engagement.sponsor, "Plans changed")
    session.commit()
    payer.hear()
    payer.hear()


# -- two at once -----------------------------------------------------------------------------------


def test_credit_placed_while_finance_refunds_takes_only_what_the_refund_leaves(
    payer: Client, app: Flask
) -> None:
    credit = days_off(payer, usd(400000))
    invoice_id, credit_id = invoices()[0].id, credit.id
    decided, go_on = threading.Event(), threading.Event()

    def refund() -> None:
        with app.app_context(), transaction():
            give(invoice_id, Giving(usd(600000), CARD, "", "All of it", "fay@firm"))
            session.flush()
            decided.set()
            go_on.wait(10)

    finance = threading.Thread(target=refund)
    finance.start()
    assert decided.wait(10)
    threading.Timer(1, go_on.set).start()
    session.rollback()
    crediting.place(credit_id)  # begins while the refund is not committed
    session.commit()
    finance.join(10)
    payer.hear()
    payer.hear()
    assert back(payer) == 600000
    assert [one.short_minor for one in rows(Credit)] == [400000]
    assert "had been given back before" in rows(FollowUp)[0].text
    assert failed_jobs() == []


def test_refund_decided_while_a_credit_is_placed_takes_only_what_the_credit_leaves(
    payer: Client, app: Flask
) -> None:
    credit = days_off(payer, usd(400000))
    invoice_id, told = invoices()[0].id, []
    crediting.place(credit.id)
    session.flush()

    def refund() -> None:
        try:
            with app.app_context(), transaction():
                give(invoice_id, Giving(usd(600000), CARD, "", "All of it", "fay@firm"))
        except ValueError as refused:
            told.append(str(refused))

    finance = threading.Thread(target=refund)
    finance.start()
    finance.join(1)
    assert finance.is_alive()
    session.commit()
    finance.join(10)
    payer.hear()
    assert told == ["At most $2,000.00 is left of it."]
    assert back(payer) == 400000


def test_finance_is_not_kept_waiting_while_the_engagement_is_looked_at(
    payer: Client, app: Flask, sign_in: SignIn
) -> None:
    engagement = payer.start()
    browser, engagement_id = sign_in(firm(Role.FINANCE)), engagement.id
    url = f"/practice/invoices/{invoices()[0].id}/give-back/confirm"
    session.rollback()
    held, done = threading.Event(), threading.Event()

    def look() -> None:
        with app.app_context(), transaction():
            session.get_one(Engagement, engagement_id).lock()
            held.set()
            done.wait(20)

    looking = threading.Thread(target=look)
    looking.start()
    assert held.wait(10)
    typed = {"amount": "100", "means": "refund", "reason": "", "note": "Sorry"}
    answer = browser.post(url, data=typed | {"once": str(uuid.uuid4())})
    done.set()
    looking.join(10)
    assert answer.status_code == 503
    assert "Try again in a moment" in visible(answer.text)
    assert refunds() == []


# -- cancelled before the kick-off -----------------------------------------------------------------


def test_cancelled_after_a_credit_was_given_the_client_has_what_they_paid(payer: Client) -> None:
    payer.start()
    give_back(payer, 300000, "credit")
    cancel(payer)
    assert back(payer) == 600000
    assert balance() == 0  # no invoice will take it any more: it was paid out
    assert left_of(invoices()[0]) == usd(0)
    assert {note.state for note in rows(CreditNote)} == {"issued"}
    [mail] = [one for one in payer.mails("is on its way back") if "you cancelled" in one]
    assert "Given back before: $3,000.00" in mail and "Coming back: $3,000.00" in mail
    assert rows(FollowUp) == [] and failed_jobs() == []
    agree(payer)


def pay_partly_with_credit(payer: Client) -> None:
    """1,000 of the 6,000 stood on the company's balance; nobody has told us yet."""
    url = payer.to_checkout()
    [customer] = payer.stripe.objects("customer")
    named = f"customers/{customer['id']}/balance_transactions"
    payer.stripe.api("POST", named, amount=-100000, currency="usd")
    payer.stripe.pay(url)


def test_credit_that_paid_part_of_a_booking_is_credit_again_once_it_is_cancelled(
    payer: Client,
) -> None:
    pay_partly_with_credit(payer)
    payer.hear()
    assert (invoices()[0].paid_minor, balance()) == (500000, 0)
    cancel(payer)
    assert sum(row.amount_minor for row in refunds() if row.state == "succeeded") == 500000
    assert balance() == 100000
    [mail] = payer.mails("is on its way back")
    assert "Paid: $6,000.00" in mail and "Coming back: $5,000.00" in mail
    assert "Credit again: $1,000.00" in mail
    assert failed_jobs() == []
    agree(payer)


def test_credit_that_paid_part_of_what_was_paid_too_late_is_credit_again(payer: Client) -> None:
    pay_partly_with_credit(payer)
    lose_time(payer)
    payer.hear()
    payer.hear()
    assert [(row.reason, row.amount_minor) for row in refunds()] == [("slot_lost", 500000)]
    assert (payer.engagement.stage, balance()) == ("lost", 100000)
    [mail] = payer.mails("is on its way back")
    assert "$1,000.00 had been paid with your credit, and is credit again" in mail
    page = visible(payer.come_back())
    assert "$5,000.00" in page and "Credit again" in page
    agree(payer)


# -- tax -------------------------------------------------------------------------------------------


def test_credit_on_its_way_counts_with_its_tax_when_finance_refunds_the_rest(
    taxed: Callable[..., Client],  # noqa: F811 - the fixture
) -> None:
    payer = taxed("DE")
    pay_from(payer, "DE")
    days_off(payer, Money(400000, "EUR"))
    payer.stripe.fault("POST /v1/credit_notes", "500", times=3)
    payer.drain()
    session.rollback()
    [invoice] = invoices()
    assert (invoice.paid_minor, left_of(invoice)) == (695000, Money(219000, "EUR"))
    give(invoice.id, Giving(left_of(invoice), CARD, "", "The rest", "fay@firm"))
    session.commit()
    pass_time(payer, clock.now() + timedelta(hours=2), by=timedelta(minutes=30))
    assert balance() == 476000 and back(payer) == 695000
    assert {note.state for note in rows(CreditNote)} == {"issued"}
    assert left_of(invoices()[0]) == Money(0, "EUR")


# -- credit that nothing is behind any more --------------------------------------------------------


def credit_of_the_second_month(payer: Client) -> None:
    under_way(payer)
    pass_time(payer, payer.renewal() + timedelta(days=2))
    days_off(payer, usd(300000))
    payer.hear()
    assert balance() == 300000


def test_credit_whose_payment_the_bank_took_back_is_not_paid_out_of_another(
    payer: Client,
) -> None:
    credit_of_the_second_month(payer)
    decided(payer, contested(payer), "lost")
    end(payer)
    assert [row.amount_minor for row in rows(Dispute)] == [500000]
    assert sum(row.amount_minor for row in refunds()) == 100000  # the deposit
    asked = [row.text for row in rows(FollowUp) if row.cause.startswith("credit_bare")]
    assert len(asked) == 1 and "Credit of $3,000.00" in asked[0]
    assert balance() == 300000


def test_credit_whose_payment_was_refunded_in_the_dashboard_is_not_paid_out_of_another(
    payer: Client,
) -> None:
    credit_of_the_second_month(payer)
    newest = payer.stripe.objects("charge")[0]
    payer.stripe.api("POST", "refunds", payment_intent=newest["payment_intent"])
    payer.hear()
    end(payer)
    assert sum(row.amount_minor for row in refunds()) == 500000 + 100000
    assert asked_about_credit() == ["credit_bare:300000"]


@pytest.mark.parametrize("refunded", [0, 100000])
def test_credit_that_is_covered_is_paid_out_after_the_papers_of_other_refunds(
    payer: Client, refunded: int
) -> None:
    credit_of_the_second_month(payer)
    if refunded:
        newest = payer.stripe.objects("charge")[0]
        payer.stripe.api("POST", "refunds", payment_intent=newest["payment_intent"],
                         amount=refunded)  # fmt: skip
        payer.hear()
    end(payer)
    assert sum(row.amount_minor for row in refunds()) == refunded + 100000 + 300000
    assert balance() == 0 and asked_about_credit() == []
    assert {note.state for note in rows(CreditNote)} == {"issued"}


def test_deposit_gets_its_paper_although_credit_of_all_else_was_given(payer: Client) -> None:
    payer.start()
    give_back(payer, 500000, "credit")
    end(payer)
    assert sum(row.amount_minor for row in refunds() if row.state == "succeeded") == 600000
    made = sorted((note.means, note.amount_minor, note.state) for note in rows(CreditNote))
    assert made == [("credit", 500000, "issued"), ("refund", 100000, "issued")]
    assert balance() == 0 and asked_about_credit() == [] and failed_jobs() == []


def test_credit_waits_no_longer_for_a_refund_that_failed(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.start()
    give_back(payer, 300000, "credit")
    refused_once(monkeypatch, refund_calls, "make")
    end(payer)
    states = sorted((row.reason, row.state) for row in refunds())
    assert states == [("credit_at_the_end", "succeeded"), ("deposit", "failed")]
    assert balance() == 0
