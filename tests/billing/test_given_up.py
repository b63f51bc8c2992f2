"""Stripe stops charging after its last retry: nothing ends by itself, and a person decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.owed import charges, overage
from tests.billing.test_dunning import new_card, paid_on_hosted_page
from tests.standin import visible
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.books.comparing import COMPARED, differences
from webapp.billing.buying.order import midnight
from webapp.billing.calls.listing import page_of
from webapp.billing.models import ArrearsDecision, Coupon, Invoice
from webapp.billing.owing import deposit
from webapp.db import session
from webapp.engagements.models import FollowUp, TermsChange
from webapp.money import Money
from webapp.reviews.models import Review

HOURS = timedelta(hours=3)
SignIn = Callable[[Person], FlaskClient]


def given_up(payer: Client, rule: str = "cancel", days: int = 15) -> Invoice:
    """The second month was never paid, however often Stripe tried; its invoice."""
    name = ("given up", payer.booking.token, rule, days)
    payer.steps.take(name, lambda: never_pay(payer, rule, days))
    owed = invoices()[-1]
    assert (owed.status, owed.attempts) == ("open", 3)
    return owed


def never_pay(payer: Client, rule: str, days: int) -> None:
    payer.stripe.control("rules", retry_days=[3, 5], after_retries=rule)
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    pass_time(payer, payer.renewal() + timedelta(days=days))


def compared() -> list[str]:
    """What the subscriptions at Stripe and ours tell differently."""
    [subscriptions] = [one for one in COMPARED if one.noun == "customer.subscription"]
    documents, _ = page_of(subscriptions.noun, subscriptions.params(), "")
    differing, alike = differences(subscriptions, documents)
    assert alike
    return [one.field for one in differing]


def card_of(payer: Client) -> str:
    """What the subscription that goes on is charged to."""
    theirs = payer.stripe.of("subscription", payer.engagement.id)
    [live] = [one for one in theirs if one["status"] != "canceled"]
    return str(live["default_payment_method"])


def url_of(owed: Invoice, step: str = "") -> str:
    return f"/practice/invoices/{owed.id}/arrears{step}"


@pytest.mark.parametrize("rule", ["cancel", "unpaid"])
def test_m34_stripe_gives_up_and_the_engagement_stays_as_it_is_until_a_person_decides(
    payer: Client, coordinator: Person, sign_in: SignIn, rule: str
) -> None:
    owed = given_up(payer, rule)
    assert (payer.engagement.stage, payer.engagement.ends_on) == ("active", None)
    assert (subscription().status, subscription().given_up) == ("canceled", True)
    assert rows(TermsChange) == [] and failed_jobs() == []
    assert any(row.state == "booked" for row in rows(Review))
    [asked] = [row for row in rows(FollowUp) if row.cause.startswith("given_up:")]
    assert "charges nothing more" in asked.text and asked.done_at is None
    told = [mail for mail in payer.mails("Stripe has stopped charging") if "Cora" in mail]
    assert len(told) == 1 and url_of(owed) in told[0]
    assert payer.mails("has ended") == [] and payer.mails("Notice") == []
    page = visible(sign_in(coordinator).get(url_of(owed)).text)
    assert "Stripe has stopped charging" in page
    assert all(way in page for way in ("Go on", "Pause from today", "End it"))


def test_m35_paid_after_stripe_gave_up_the_months_go_on_by_a_new_subscription(
    payer: Client, coordinator: Person
) -> None:
    owed = given_up(payer)
    old, next_month = subscription().stripe_id, payer.engagement.month_after(payer.engagement.today)
    paid_on_hosted_page(payer, owed)
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    new = subscription()
    assert new.stripe_id != old and (new.status, new.given_up) == ("trialing", False)
    assert new.renews_at == midnight(next_month, payer.engagement.time_zone)
    assert [row.done_at is not None for row in rows(FollowUp)] == [True]
    payer.stripe.change_card(card_of(payer), "passes")
    pass_time(payer, new.renews_at + HOURS)
    assert [one.total.minor for one in invoices()] == [600000, 500000, 500000]
    assert [one.status for one in invoices()] == ["paid"] * 3
    assert len(charges(payer)) == 3 and refunds() == [] and failed_jobs() == []
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == 2
    assert compared() == []


def test_m35_another_card_after_stripe_gave_up_pays_what_is_open_once_and_goes_on(
    payer: Client,
) -> None:
    owed = given_up(payer)
    card = payer.stripe.api("POST", "payment_methods/pm_card_mastercard/attach",
                            customer=payer.stripe.objects("customer")[0]["id"])  # fmt: skip
    payer.stripe.api("POST", f"customers/{card['customer']}",
                     **{"invoice_settings[default_payment_method]": card["id"]})  # fmt: skip
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    assert invoices()[-1].id == owed.id and invoices()[-1].status == "paid"
    assert len(charges(payer)) == 2
    assert (subscription().status, card_of(payer)) == ("trialing", card["id"])
    pass_time(payer, payer.renewal() + HOURS)
    assert [one.status for one in invoices()] == ["paid"] * 3
    assert failed_jobs() == []


def test_what_was_worked_meanwhile_is_charged_once_when_it_is_paid_late(payer: Client) -> None:
    owed = given_up(payer, days=40)
    engagement = payer.engagement
    month = engagement.month_around(engagement.today)
    paid_on_hosted_page(payer, owed)
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    payer.stripe.change_card(card_of(payer), "passes")
    payer.stripe.api("POST", f"invoices/{invoices()[-1].stripe_id}/pay")
    pass_time(payer, midnight(month[1], engagement.time_zone) + HOURS)
    assert [one.total.minor for one in invoices()] == [600000, 500000, 500000, 500000]
    assert failed_jobs() == []


def test_going_on_before_it_is_paid_makes_no_subscription_yet(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    answer = sign_in(coordinator).post(url_of(owed, "/go-on"), data={"reason": "They pay soon"})
    assert answer.status_code == 303
    pass_time(payer, clock.now() + timedelta(days=2))
    assert (subscription().status, payer.engagement.stage) == ("canceled", "active")
    assert [row.decision for row in rows(ArrearsDecision)] == ["go_on"]
    assert all(row.done_at for row in rows(FollowUp))


def test_going_on_on_account_has_the_months_invoiced_from_the_next_on(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    payer.engagement.company.net_days = 14  # type: ignore[union-attr]
    session.commit()
    browser = sign_in(coordinator)
    assert browser.post(url_of(owed, "/go-on"), data={"reason": "Invoiced"}).status_code == 303
    payer.hear()
    assert (subscription().status, subscription().collection) == ("trialing", "invoice")
    pass_time(payer, payer.renewal() + HOURS)
    sent = invoices()[-1]
    assert (sent.collection, sent.status, sent.total.minor) == ("invoice", "open", 500000)


def test_pausing_after_stripe_gave_up_begins_the_months_again_once_it_is_paid(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    engagement = payer.engagement
    resumes = engagement.today + timedelta(days=5)
    typed = {"resumes_on": resumes.isoformat(), "why": "unpaid"}
    assert sign_in(coordinator).post(url_of(owed, "/pause"), data=typed).status_code == 303
    payer.hear()
    assert payer.engagement.stage == "paused"
    assert all(row.done_at for row in rows(FollowUp))
    pass_time(payer, midnight(resumes, engagement.time_zone) + HOURS)
    assert (payer.engagement.stage, subscription().status) == ("active", "canceled")
    paid_on_hosted_page(payer, invoices()[1])
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    assert subscription().status == "trialing"
    payer.stripe.change_card(card_of(payer), "passes")
    pass_time(payer, payer.renewal() + HOURS)
    starts, ends = engagement.month_around(resumes)
    month, whole = Money(500000, "USD"), (ends - starts).days
    left = month.prorate((ends - resumes).days + 5, whole) - month.prorate(
        (ends - resumes).days, whole
    )
    assert sum(one.paid_minor for one in invoices()[1:]) == 2 * 500000 - left.minor
    assert failed_jobs() == []


@pytest.mark.parametrize("rule", ["cancel", "past_due", "unpaid"])
def test_ending_what_is_not_paid_asks_for_the_days_worked_less_the_deposit_on_one_final_invoice(
    payer: Client, coordinator: Person, sign_in: SignIn, rule: str
) -> None:
    owed = given_up(payer, rule)
    overage(payer, 60)
    engagement, today = payer.engagement, payer.engagement.today
    starts, ends = engagement.month_around(today)
    typed = {"ends_on": today.isoformat(), "because": "Not paid"}
    browser = sign_in(coordinator)
    told = visible(browser.get(url_of(owed)).text)
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))
    assert (payer.engagement.stage, payer.engagement.ends_on) == ("ended", today)
    assert subscription().status == "canceled"
    worked = Money(500000, "USD").prorate((today - starts).days, (ends - starts).days)
    by_number = {one.number: one for one in invoices()}
    assert by_number[owed.number].status == "void"
    final = invoices()[-1]
    assert final.due.minor == worked.minor + 20000 - 100000
    assert final.due.format() in told and "$1,000.00" in told and "$4,200.00" in told
    assert [one for one in invoices() if one.status == "open"] == [final]
    assert deposit.left_of(payer.engagement) == Money(0, "USD")
    [change] = rows(TermsChange)
    assert (change.kind, change.by, change.reason) == ("ended", "Cora Coordinator", "Not paid")
    assert len(payer.mails("has ended")) == 1 and len(payer.mails("Ended")) >= 2
    assert payer.mails("Notice") == []
    assert [row.decision for row in rows(ArrearsDecision)] == ["end"]
    assert all(row.done_at for row in rows(FollowUp)) and failed_jobs() == []


def test_ending_at_the_months_end_asks_for_the_whole_month_less_the_deposit(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    engagement = payer.engagement
    ends = engagement.month_after(engagement.today)
    typed = {"ends_on": ends.isoformat(), "because": "Not paid"}
    browser = sign_in(coordinator)
    wrong = typed | {"ends_on": (ends + timedelta(days=3)).isoformat()}
    assert browser.post(url_of(owed, "/end"), data=wrong).status_code == 422
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    payer.hear()
    assert (payer.engagement.stage, payer.engagement.ends_on) == ("ending", ends)
    pass_time(payer, midnight(ends, engagement.time_zone) + HOURS)
    for _ in range(4):
        payer.hear()
    assert payer.engagement.stage == "ended"
    assert [one.due.minor for one in invoices() if one.status == "open"] == [400000]
    assert [change.kind for change in rows(TermsChange)] == ["notice_given", "ended"]
    subjects = [str(mail["Subject"]) for mail in payer.mailbox.messages]
    notice = next(n for n, text in enumerate(subjects) if text.startswith("Notice"))
    assert notice < next(n for n, text in enumerate(subjects) if "has ended" in text)


@pytest.mark.parametrize("rule", ["cancel", "past_due", "unpaid"])
def test_given_up_while_notice_runs_it_ends_on_its_day_and_every_month_worked_is_asked_for(
    payer: Client, rule: str
) -> None:
    payer.stripe.control("rules", retry_days=[3, 5], after_retries=rule)
    engagement = under_way(payer)
    engagement.give_notice(engagement.end_dates[0], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()
    payer.stripe.change_card(payer.card(), "generic_decline")
    ends_on = payer.engagement.ends_on
    assert ends_on is not None
    pass_time(payer, midnight(ends_on, engagement.time_zone) + timedelta(hours=8))
    assert (payer.engagement.stage, subscription().status) == ("ended", "canceled")
    assert payer.engagement.ends_on == ends_on and failed_jobs() == []
    owed = [one.due.minor for one in invoices() if one.status == "open"]
    assert sum(owed) == 2 * 500000 - 100000
    assert deposit.left_of(payer.engagement) == Money(0, "USD")


def test_paid_again_before_stripes_last_word_is_heard_goes_on_as_it_was(payer: Client) -> None:
    payer.stripe.control("rules", retry_days=[3, 5], after_retries="unpaid")
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    renews = payer.renewal()
    at = renews + timedelta(days=10)
    payer.set_clock(at)
    payer.stripe.advance(at)  # it is unpaid there, and nobody has told us
    new_card(payer)
    [owed] = [one for one in payer.stripe.objects("invoice") if one["status"] == "open"]
    payer.stripe.api("POST", f"invoices/{owed['id']}/pay")
    payer.hear()
    assert (subscription().status, subscription().given_up) == ("active", False)
    assert rows(FollowUp) == []


@pytest.mark.parametrize(("months", "reduced"), [(2, 0), (3, 1), (None, 2)])
def test_the_code_used_at_booking_goes_on_for_as_long_as_it_has_to_run(
    payer: Client, months: int | None, reduced: int
) -> None:
    """Months one and two were asked for before; what is left of the code is for the third on."""
    session.add(Coupon(code="HELLO20", percent=20, months=months))
    session.commit()
    payer.browser.post(payer.url("code"), data={"code": "HELLO20"})
    owed = given_up(payer)
    paid_on_hosted_page(payer, owed)
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    payer.stripe.change_card(card_of(payer), "passes")
    for _ in range(2):
        pass_time(payer, payer.renewal() + HOURS)
    full, less = 500000, 400000
    wanted = [less] * reduced + [full] * (2 - reduced)
    assert [one.total.minor for one in invoices()[2:]] == wanted
    assert failed_jobs() == []
