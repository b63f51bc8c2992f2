"""After a decision on what is not paid nobody is asked for it again; and no mail goes twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import bigger, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows
from tests.billing.test_dunning import expiring, failing
from tests.billing.test_given_up import url_of
from tests.billing.test_giving_back import Desk, desk, finance
from tests.standin import visible
from webapp import clock
from webapp.accounts.models import Person
from webapp.engagements.models import FollowUp

__all__ = ["desk", "finance"]
DAY, MINUTES = timedelta(days=1), timedelta(minutes=15)
SignIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize("decision", ["go_on", "end"])
def test_decided_before_stripe_gives_up_it_is_not_asked_again_nor_once_it_is_over(
    payer: Client, coordinator: Person, sign_in: SignIn, decision: str
) -> None:
    payer.stripe.control("rules", retry_days=[3, 5], after_retries="cancel")
    engagement = under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    renews = payer.renewal()
    pass_time(payer, renews + DAY)
    owed, browser = invoices()[-1], sign_in(coordinator)
    ends = engagement.month_after(payer.engagement.today)
    if decision == "end":
        typed = {"ends_on": ends.isoformat(), "because": "Not paid"}
        assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
        payer.hear()
        notice = payer.mails("Notice: your")[0]
        assert f"because invoice {owed.number}, $5,000.00, has not been paid" in notice
        assert "Each month up to then is paid as before" not in notice
    else:
        typed = {"reason": "They pay soon"}
        assert browser.post(url_of(owed, "/go-on"), data=typed).status_code == 303
    pass_time(payer, renews + timedelta(days=13), by=timedelta(days=2))
    assert rows(FollowUp) == []
    stopped = [one for one in payer.mails("Stripe has stopped charging") if one.startswith("Cora")]
    assert len(stopped) == (0 if decision == "end" else 1)
    assert all("Nothing is to be decided again" in mail for mail in stopped)
    [firm] = [mail for mail in payer.mails("unpaid after 10 days") if mail.startswith("Cora")]
    assert "Decided by Cora Coordinator on" in firm and "Decide:" not in firm
    page = visible(browser.get(f"/engagements/{payer.engagement.id}").text)
    assert "Decided by Cora Coordinator" in page and "Change what was decided" in page
    assert "Pause, go on or end" not in page and "decides otherwise" not in page
    assert failed_jobs() == []


def test_after_standing_still_only_the_latest_day_is_told_once_and_no_date_that_is_past(
    payer: Client, coordinator: Person
) -> None:
    payer.stripe.control("rules", retry_days=[3, 5, 7])
    owed = failing(payer)
    payer.until(owed.issued_at + timedelta(days=6))
    before = len(payer.mails("did not go through"))
    late = owed.issued_at + timedelta(days=14)
    payer.set_clock(late)
    payer.plan()
    payer.drain()
    [last] = payer.mails("did not go through")[before:]
    assert "We try again on" not in last and "in any case" not in last
    assert payer.mails("unpaid after 7 days") == []
    assert len(payer.mails("unpaid after 10 days")) == 1


def test_a_reminder_due_as_stripe_tries_again_waits_for_what_comes_of_it(payer: Client) -> None:
    payer.stripe.control("rules", retry_days=[3, 5, 7])
    owed_id = failing(payer).id
    payer.stripe.change_card(payer.card(), "passes")
    tries = invoices()[-1].next_attempt_at
    assert tries is not None
    payer.until(tries - timedelta(hours=1))
    payer.set_clock(tries + timedelta(minutes=1))
    payer.plan()
    payer.drain()
    assert len(payer.mails("did not go through")) == 1
    payer.until(clock.now() + MINUTES)
    assert invoices()[-1].status == "paid" and invoices()[-1].id == owed_id
    assert len(payer.mails("did not go through")) == 1 and len(payer.mails("Receipt")) == 2


def test_m36_expiring_card_is_told_in_both_months_also_where_its_last_has_31_days(
    payer: Client,
) -> None:
    ends = expiring(payer, days=31)
    payer.until(ends - timedelta(days=36), by=timedelta(days=31))
    assert payer.mails("expires on") == []
    payer.until(ends)
    assert len(payer.mails("expires on")) == 2


@pytest.mark.parametrize("means", ["credit", "outside"])
def test_what_finance_gives_otherwise_than_by_card_is_told_with_its_reason(
    desk: Desk, means: str
) -> None:
    desk.give("200", means, note="The workshop was short")
    desk.payer.hear()
    [told] = desk.payer.mails("$200.00 of credit" if means == "credit" else "$200.00 comes back")
    assert told.startswith("Ana Reyes") and "Why: The workshop was short" in told
    assert f"For invoice: {desk.invoice.number}" in told
    desk.payer.hear()
    assert len(desk.payer.mails("$200.00")) == 1 and failed_jobs() == []


def test_a_bigger_plan_while_an_invoice_is_unpaid_says_so(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    pass_time(payer, payer.renewal() + DAY)
    offered = bigger(payer.engagement)
    typed = {"offering": str(offered.id), "start": "now"}
    answer = sign_in(coordinator).post(
        f"/engagements/{payer.engagement.id}/plan", data=typed, follow_redirects=True
    )
    page = visible(answer.text)
    assert f"Invoice {invoices()[-1].number} is not paid" in page and "may fail again" in page
    assert "less what was paid for them" not in page
