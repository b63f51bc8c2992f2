"""Closing an account with a month unpaid comes to the same, wherever it breaks off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import pass_time
from tests.billing.conftest import Client, failed_jobs, invoices, refunds
from tests.billing.test_dunning import paid_on_hosted_page
from tests.billing.test_given_up import given_up, url_of
from webapp import clock, outbox
from webapp.accounts.models import Person
from webapp.billing.calls import invoices as calls
from webapp.billing.models import Invoice
from webapp.billing.owing import deposit
from webapp.money import Money
from webapp.outbox import RetryLater

SignIn = Callable[[Person], FlaskClient]


def end_today(payer: Client, browser: FlaskClient, owed: Invoice) -> Money:
    """What the days worked of the unpaid month come to."""
    today = payer.engagement.today
    starts, ends = payer.engagement.month_around(today)
    typed = {"ends_on": today.isoformat(), "because": "Not paid"}
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    return Money(500000, "USD").prorate((today - starts).days, (ends - starts).days)


def asked_once(payer: Client, worked: Money) -> None:
    """The days worked, less the deposit, on one final invoice; nothing is given back."""
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))
    assert [one.due.minor for one in invoices() if one.status == "open"] == [worked.minor - 100000]
    assert [one.status for one in invoices()] == ["paid", "void", "open"]
    assert deposit.left_of(payer.engagement) == Money(0, "USD") and refunds() == []


@pytest.mark.parametrize("kind", ["429", "500"])
def test_a_fault_of_stripes_after_the_unpaid_month_was_voided_forgives_nothing(
    payer: Client, coordinator: Person, sign_in: SignIn, kind: str
) -> None:
    owed = given_up(payer)
    browser = sign_in(coordinator)
    payer.stripe.fault("POST /v1/invoices/create_preview", kind, 3)
    asked_once(payer, end_today(payer, browser, owed))


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("fault", [RuntimeError("killed"), RetryLater("slow down", 20)])
def test_killed_after_stripe_voided_it_or_put_off_asks_for_the_days_worked_all_the_same(
    payer: Client,
    coordinator: Person,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    heard: bool,
) -> None:
    """heard: the webhook comes before the job is tried again."""
    owed = given_up(payer)
    real, died = calls.void, list[str]()

    def void(stripe_id: str) -> None:
        real(stripe_id)
        died.append(stripe_id)
        if len(died) == 1:
            raise fault

    monkeypatch.setattr(calls, "void", void)
    worked = end_today(payer, sign_in(coordinator), owed)
    while not died:
        payer.drain()
    if heard:
        payer.hear()
    asked_once(payer, worked)
    assert died[:1] == [owed.stripe_id]


def test_an_invoice_voided_before_its_job_came_to_it_is_asked_anew(
    payer: Client, coordinator: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    owed = given_up(payer)
    later = outbox.enqueue

    def enqueue(task: str, *payload: object, **how: object) -> None:
        if task == "billing.void_marked":
            how["run_after"] = clock.now() + timedelta(hours=1)
        later(task, *payload, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "enqueue", enqueue)
    worked = end_today(payer, sign_in(coordinator), owed)
    payer.drain()
    assert [one.asked_anew for one in invoices()] == [False, True]
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/void")
    payer.hear()
    asked_once(payer, worked)
    assert failed_jobs() == []


def test_paid_while_it_is_about_to_be_asked_anew_is_paid_once_and_the_deposit_goes_back(
    payer: Client, coordinator: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    owed = given_up(payer)
    real = calls.void

    def pay_first(stripe_id: str) -> None:
        paid_on_hosted_page(payer, owed)
        real(stripe_id)

    monkeypatch.setattr(calls, "void", pay_first)
    end_today(payer, sign_in(coordinator), owed)
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))
    assert [one.status for one in invoices()] == ["paid", "paid"]
    assert [(row.amount_minor, row.reason) for row in refunds()] == [(100000, "deposit")]
    assert failed_jobs() == []
