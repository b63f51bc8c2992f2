"""Payments that fail: told, tried again, decided on, and paid once whoever is quicker."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, invoices, rows, subscription
from tests.billing.owed import charges
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import ArrearsDecision, Customer, Invoice
from webapp.billing.queries import money_of
from webapp.db import session
from webapp.money import Money

HOURS, MONTH, TWO_DAYS = timedelta(hours=3), timedelta(days=31), timedelta(days=2)
SignIn = Callable[[Person], FlaskClient]


def failing(payer: Client, behaviour: str = "generic_decline") -> Invoice:
    """The second month's charge failed; its invoice."""
    payer.start()
    payer.stripe.change_card(payer.card(), behaviour)
    payer.until(payer.renewal() + HOURS, by=MONTH)
    owed = invoices()[-1]
    assert owed.status == "open" and owed.failing
    return owed


def test_m34_declined_renewal_shows_its_retries_and_tells_client_consultant_and_coordinator(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    payer.stripe.control("rules", retry_days=[3, 5, 7])
    owed = failing(payer)
    renews = owed.issued_at
    assert owed.attempts == 1 and owed.next_attempt_at is not None
    assert subscription().status == "past_due"
    [told] = payer.mails("did not go through")
    assert owed.hosted_url in told and "We try again on" in told
    line = money_of([payer.engagement.id])[payer.engagement.id]
    assert (line.overdue, line.hosted_url) == (Money(500000, "USD"), owed.hosted_url)
    payer.until(renews + timedelta(days=11), by=TWO_DAYS)
    assert len(payer.mails("did not go through")) == 4
    consultant = payer.engagement.lead.person
    assert payer.mails("unpaid after 7 days")[0].startswith(consultant.name)
    [firm] = payer.mails("unpaid after 10 days")
    assert firm.startswith("Cora Coordinator") and f"/practice/invoices/{owed.id}/arrears" in firm
    assert payer.engagement.stage == "onboarding"
    browser = sign_in(session.get_one(Person, payer.engagement.sponsor_id))
    page = visible(browser.get(f"/engagements/{payer.engagement.id}").text)
    assert "A payment failed" in page and "goes on until" in page


def test_m33_three_d_secure_on_renewal_mails_the_hosted_link_once_and_work_goes_on(
    payer: Client, sign_in: SignIn
) -> None:
    owed = failing(payer, "authenticates_always")
    assert subscription().status == "past_due" and owed.needs_action
    [told] = payer.mails("wants you to confirm")
    assert owed.hosted_url in told and "goes on until" in told and "in any case" in told
    assert payer.mails("did not go through") == []
    payer.until(clock.now() + TWO_DAYS)
    assert len(payer.mails("wants you to confirm")) == 1
    browser = sign_in(session.get_one(Person, payer.engagement.sponsor_id))
    page = visible(browser.get("/billing").text)
    assert "Please confirm a payment" in page and "Your bank wants you to confirm it." in page
    assert payer.engagement.stage == "onboarding"


def test_m35_card_replaced_while_past_due_is_charged_once_and_the_notices_stop(
    payer: Client,
) -> None:
    owed = failing(payer)
    new_card(payer)
    payer.hear()  # the card is known, and tried by our job
    payer.hear()
    [_, second] = invoices()
    assert (second.status, second.id) == ("paid", owed.id)
    assert subscription().status == "active"
    payer.until(clock.now() + timedelta(days=12), by=TWO_DAYS)
    assert len(charges(payer)) == 2  # the first month and this one
    assert len(payer.mails("Receipt")) == 2
    assert len(payer.mails("did not go through")) == 1


def test_m35_card_replaced_in_the_portal_and_paid_on_the_hosted_page_at_once_is_one_charge(
    payer: Client,
) -> None:
    owed = failing(payer)
    new_card(payer)
    payer.stripe.deliver()  # the portal's change is known, its job not yet done
    paid_on_hosted_page(payer, owed)
    payer.hear()
    assert invoices()[-1].status == "paid"
    assert len(charges(payer)) == 2
    assert len(payer.mails("Receipt")) == 2


def test_m45_payment_link_open_while_the_retry_runs_is_one_charge(payer: Client) -> None:
    payer.stripe.control("rules", retry_days=[1, 2, 3])
    owed = failing(payer)
    page = payer.stripe.web.get(owed.hosted_url)
    assert page.status_code == 200  # the payer looks at it
    payer.stripe.change_card(payer.card(), "passes")
    payer.until(owed.issued_at + TWO_DAYS)
    assert invoices()[-1].status == "paid"
    paid_on_hosted_page(payer, owed)
    payer.hear()
    assert len(charges(payer)) == 2
    assert len(payer.mails("Receipt")) == 2


def expiring(payer: Client, days: int = 0) -> datetime:
    """The card on file will expire in the month after next, or the first after that with so many
    days; noon of its last day."""
    payer.start()
    soon = clock.now() + timedelta(days=70)
    while days and monthrange(soon.year, soon.month)[1] != days:
        soon += timedelta(days=28)
    payer.stripe.control(f"cards/{payer.card()}", exp_month=soon.month, exp_year=soon.year)
    payer.hear()
    [customer] = rows(Customer)
    assert customer.card_expires == f"{soon:%m/%Y}" and customer.last_day
    return datetime.combine(customer.last_day, time(12), UTC)


def test_m36_expiring_card_is_told_once_for_card_and_month(payer: Client) -> None:
    ends = expiring(payer)
    payer.until(ends - timedelta(days=36), by=MONTH)
    assert payer.mails("expires on") == []
    payer.until(ends)
    told = payer.mails("expires on")
    assert len(told) == 2 and told[0].startswith("Ana Reyes")


def test_m36_card_renewed_by_its_bank_is_not_spoken_of(payer: Client) -> None:
    ends = expiring(payer)
    payer.stripe.control(f"cards/{payer.card()}/updated", exp_month=12, exp_year=ends.year + 4)
    payer.hear()
    [customer] = rows(Customer)
    assert customer.card_expires == f"12/{ends.year + 4}"
    payer.until(ends, by=MONTH)
    assert payer.mails("expires on") == []


def test_m47_paid_out_of_band_in_the_dashboard_is_recorded_and_not_chased(payer: Client) -> None:
    owed = failing(payer)
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/pay", paid_out_of_band="true")
    payer.hear()
    assert (invoices()[-1].status, invoices()[-1].out_of_band) == ("paid", True)
    payer.until(owed.issued_at + timedelta(days=8), by=TWO_DAYS)
    assert len(payer.mails("did not go through")) == 1


def test_m47_finance_records_a_payment_outside_stripe_with_its_reason(
    payer: Client, sign_in: SignIn
) -> None:
    owed = failing(payer)
    finance = make.person(Role.FINANCE, name="Fay Finance")
    session.commit()
    browser, url = sign_in(finance), f"/practice/invoices/{owed.id}/paid-elsewhere"
    assert browser.get(url).status_code == 200
    assert browser.post(url, data={"note": "Transfer 4711"}).status_code == 422
    typed = {"note": "Transfer 4711", "confirmed": "y"}
    assert browser.post(url, data=typed).status_code == 303
    assert browser.post(url, data=typed).status_code == 409
    payer.hear()
    paid = invoices()[-1]
    assert (paid.status, paid.out_of_band, paid.settled_by) == ("paid", True, "Fay Finance")
    assert len(charges(payer)) == 1
    payer.until(owed.issued_at + timedelta(days=8), by=TWO_DAYS)
    assert len(payer.mails("did not go through")) == 1
    assert subscription().status == "active"


# -- the decision on day ten -----------------------------------------------------------------------


def test_coordinator_decides_to_go_on_with_a_reason(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = failing(payer)
    browser, url = sign_in(coordinator), f"/practice/invoices/{owed.id}/arrears"
    assert "Go on" in browser.get(url).text
    assert browser.post(f"{url}/go-on", data={"reason": " "}).status_code == 422
    assert browser.post(f"{url}/go-on", data={"reason": "They pay on Friday"}).status_code == 303
    [decision] = rows(ArrearsDecision)
    assert (decision.decision, decision.by) == ("go_on", "Cora Coordinator")
    assert "They pay on Friday" in browser.get(url).text


def test_coordinator_pauses_from_today(payer: Client, coordinator: Person, sign_in: SignIn) -> None:
    owed = failing(payer)
    session.get_one(type(payer.engagement), payer.engagement.id).stage = "active"
    session.commit()
    today = payer.engagement.local_date(clock.now())
    browser, url = sign_in(coordinator), f"/practice/invoices/{owed.id}/arrears/pause"
    far = {"resumes_on": (today + timedelta(days=400)).isoformat(), "why": "unpaid"}
    assert browser.post(url, data=far).status_code == 422
    good = {"resumes_on": (today + timedelta(days=20)).isoformat(), "why": "unpaid"}
    assert browser.post(url, data=good).status_code == 303
    [pause] = payer.engagement.pauses
    assert (pause.starts, pause.ends) == (today, today + timedelta(days=20))
    assert [row.decision for row in rows(ArrearsDecision)] == ["pause"]


@pytest.mark.parametrize("page", ["arrears", "paid-elsewhere"])
def test_nobody_else_decides(payer: Client, sign_in: SignIn, page: str) -> None:
    owed = failing(payer)
    wrong = Role.FINANCE if page == "arrears" else Role.COORDINATOR
    people = [payer.engagement.lead.person, payer.engagement.sponsor, make.person(wrong)]
    session.commit()
    url = f"/practice/invoices/{owed.id}/{page}"
    for person in people:
        assert person and sign_in(person).get(url).status_code == 403


def test_what_is_paid_asks_for_no_decision(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    payer.start()
    [first] = invoices()
    browser, url = sign_in(coordinator), f"/practice/invoices/{first.id}/arrears"
    assert "Nothing to decide" in browser.get(url).text
    assert browser.post(f"{url}/go-on", data={"reason": "x"}).status_code == 409
    assert browser.post(f"{url}/pause", data={"why": "x"}).status_code == 409


def test_once_it_is_over_there_is_nothing_to_decide(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = failing(payer)
    browser, url = sign_in(coordinator), f"/practice/invoices/{owed.id}/arrears"
    assert "Pause, go on or end" in browser.get(f"/engagements/{payer.engagement.id}").text
    payer.engagement.stage = "ended"
    session.commit()
    assert "The engagement is over" in visible(browser.get(url).text)
    page = visible(browser.get(f"/engagements/{payer.engagement.id}").text)
    assert "A payment failed" in page
    assert "Pause, go on or end" not in page and "The work goes on until" not in page
    assert browser.post(f"{url}/go-on", data={"reason": "x"}).status_code == 409
    assert browser.post(f"{url}/pause", data={"why": "x"}).status_code == 409
    assert rows(ArrearsDecision) == []


# -- what a payer does -----------------------------------------------------------------------------


def new_card(payer: Client) -> None:
    """As the portal does it: a card that is good is put in the failing one's place."""
    [customer] = rows(Customer)
    new = payer.stripe.api(
        "POST", "payment_methods/pm_card_mastercard/attach", customer=customer.stripe_id
    )
    [theirs] = payer.stripe.of("subscription", payer.engagement.id)
    payer.stripe.api("POST", f"subscriptions/{theirs['id']}", default_payment_method=new["id"])


def paid_on_hosted_page(payer: Client, owed: Invoice) -> Any:
    typed = {"email": "payer@example.com", "number": "4242424242424242", "exp": "12 / 35",
             "cvc": "123", "name": "Pat Payer", "country": "US"}  # fmt: skip
    return payer.stripe.web.post(owed.hosted_url, data=typed, allow_redirects=False, timeout=30)
