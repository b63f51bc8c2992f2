"""Months that begin again after Stripe gave up: every day worked is charged once, and only once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.billing.test_dunning import paid_on_hosted_page
from tests.billing.test_given_up import HOURS, card_of, given_up, url_of
from tests.elsewhere import elsewhere
from tests.standin import visible
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing.buying.order import midnight
from webapp.billing.calls import products, subscriptions
from webapp.billing.changing.plan import retainer
from webapp.billing.models import Coupon, Credit, Invoice, InvoiceItem
from webapp.billing.objects.subscription import StripeSubscription
from webapp.db import session, transaction
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money
from webapp.outbox import RetryLater

SignIn = Callable[[Person], FlaskClient]


def price_of(engagement: Engagement, starts: date, ends: date) -> Money:
    """What the days of one month cost at 5,000 a month."""
    first, last = engagement.month_around(starts)
    month, whole = Money(500000, "USD"), (last - first).days
    return month.prorate((last - starts).days, whole) - month.prorate((last - ends).days, whole)


def asked() -> int:
    """Of the client, in minor units, but for the deposit."""
    return sum(one.total.minor for one in invoices() if one.status != "void") - 100000


def pay_all(payer: Client) -> None:
    for one in invoices():
        if one.status == "open":
            paid_on_hosted_page(payer, one)
    payer.hear()


def end(payer: Client, browser: FlaskClient, owed: Invoice) -> None:
    typed = {"ends_on": payer.engagement.today.isoformat(), "because": "Not paid"}
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    pass_time(payer, clock.now() + timedelta(hours=6), by=timedelta(hours=1))


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("fault", [RuntimeError("killed"), RetryLater("slow down", 20)])
def test_days_worked_meanwhile_are_charged_wherever_beginning_again_broke_off(
    payer: Client, monkeypatch: pytest.MonkeyPatch, fault: Exception, heard: bool
) -> None:
    """Between Stripe's answer and our commit. heard: the new subscription's webhook comes before
    the job is tried again."""
    owed = given_up(payer, days=40)
    engagement = payer.engagement
    month = engagement.month_around(engagement.today)
    paid_on_hosted_page(payer, owed)
    real, died = mirroring.mirror_subscription, list[str]()

    def die_once(mine: Engagement, found: StripeSubscription) -> None:
        if found.status == "trialing" and not died:
            died.append(found.id)
            raise fault
        real(mine, found)

    monkeypatch.setattr(mirroring, "mirror_subscription", die_once)
    payer.stripe.deliver()
    while not died:
        pass_time_without_webhooks(payer)
    if heard:
        payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=3), by=timedelta(minutes=20))
    payer.stripe.change_card(card_of(payer), "passes")
    pass_time(payer, midnight(month[1], engagement.time_zone) + HOURS)
    assert asked() == 4 * 500000
    assert all(row.done_at for row in rows(FollowUp))
    assert len(payer.stripe.of("subscription", engagement.id)) == 2


def pass_time_without_webhooks(payer: Client) -> None:
    payer.set_clock(clock.now() + timedelta(minutes=20))
    elsewhere(payer.plan)
    payer.drain()
    session.rollback()


def test_given_up_a_second_time_and_ended_asks_for_every_day_and_closes(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer, days=40)
    engagement = payer.engagement
    month = engagement.month_around(engagement.today)
    paid_on_hosted_page(payer, owed)
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    pay_all(payer)
    payer.stripe.change_card(card_of(payer), "generic_decline")
    pass_time(payer, midnight(month[1], engagement.time_zone) + timedelta(days=45))
    unpaid, today = invoices()[-1], payer.engagement.today
    assert (unpaid.status, len(subscription().former)) == ("open", 1)
    browser = sign_in(coordinator)
    last = price_of(engagement, engagement.month_around(today)[0], today)
    told = visible(browser.get(url_of(unpaid)).text)
    assert (Money(500000, "USD") + last).format() in told
    end(payer, browser, unpaid)
    assert asked() + 100000 == 4 * 500000 + last.minor + 100000
    assert [one.due.minor for one in invoices() if one.status == "open"] == [400000 + last.minor]
    assert failed_jobs() == []


@pytest.mark.parametrize("how", ["paid", "ended"])
@pytest.mark.parametrize("days", [15, 40])
def test_worked_before_and_after_a_pause_while_stripe_charged_for_nothing_is_charged(
    payer: Client, coordinator: Person, sign_in: SignIn, how: str, days: int
) -> None:
    """The pause begins in the month that is open, or in one that Stripe asked nothing for."""
    owed = given_up(payer, days=days)
    engagement, today = payer.engagement, payer.engagement.today
    resumes = today + timedelta(days=5)
    typed = {"resumes_on": resumes.isoformat(), "why": "unpaid"}
    browser = sign_in(coordinator)
    assert browser.post(url_of(owed, "/pause"), data=typed).status_code == 303
    payer.hear()
    pass_time(payer, midnight(resumes + timedelta(days=2), engagement.time_zone) + HOURS)
    paused = price_of(engagement, today, resumes)
    month = engagement.month_around(payer.engagement.today)
    if how == "paid":
        paid_on_hosted_page(payer, owed)
        payer.hear()
        pass_time(payer, clock.now() + timedelta(hours=3))
        until = month[1]
    else:
        until = payer.engagement.today
        told = visible(browser.get(url_of(owed)).text)
        end(payer, browser, owed)
        assert sum((one.subtotal for one in invoices()[2:]), paused * 0).format() in told
    months = 1 if days == 40 else 0
    wanted = 500000 * (1 + months) - paused.minor + price_of(engagement, month[0], until).minor
    net = sum(one.total.minor for one in invoices() if one.status != "void") - 100000
    credited = 500000 - next(one.paid_minor for one in invoices() if one.id == owed.id)
    assert net - (credited if how == "paid" else 0) == wanted
    assert failed_jobs() == []


def test_two_pauses_in_the_month_that_is_open_give_each_day_of_it_back_once(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    engagement, browser = payer.engagement, sign_in(coordinator)
    paused = Money(0, "USD")
    for days in (4, 3):
        first = payer.engagement.today
        until = first + timedelta(days=days)
        typed = {"resumes_on": until.isoformat(), "why": "unpaid"}
        assert browser.post(url_of(owed, "/pause"), data=typed).status_code == 303
        payer.hear()
        pass_time(payer, midnight(until + timedelta(days=2), engagement.time_zone) + HOURS)
        paused += price_of(engagement, first, until)
    pay_all(payer)
    pass_time(payer, clock.now() + timedelta(hours=3))
    pay_all(payer)
    assert asked_net() == 2 * 500000 - paused.minor
    assert failed_jobs() == []


def asked_net() -> int:
    """What was really paid, but for the deposit."""
    return sum(one.paid_minor for one in invoices()) - 100000


def test_days_worked_meanwhile_cost_less_the_code_and_a_pause_gives_that_much_back(
    payer: Client,
) -> None:
    session.add(Coupon(code="HELLO20", percent=20))
    session.commit()
    payer.browser.post(payer.url("code"), data={"code": "HELLO20"})
    paid_on_hosted_page(payer, given_up(payer, days=40))
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    charged = [one for one in rows(InvoiceItem) if one.key.startswith("again:")]
    assert [(one.amount_minor, one.share) for one in charged] == [(400000, [400000, 500000])]
    pay_all(payer)
    engagement, today = payer.engagement, payer.engagement.today
    engagement.plan_pause(today, today + timedelta(days=3), firm(), "Away")
    session.commit()
    payer.hear()
    ends = payer.engagement.month_after(today)
    [credit] = rows(Credit)
    assert (credit.starts, credit.ends) == (today, ends)
    assert credit.amount == price_of(payer.engagement, today, ends).prorate(4, 5)
    assert credit.short_minor == 0 and failed_jobs() == []


def test_a_stray_that_died_long_ago_never_takes_the_place_of_what_stripe_gave_up(
    payer: Client,
) -> None:
    engagement = under_way(payer)
    ours = subscription().stripe_id
    stray = begun_beside(payer)
    payer.hear()
    payer.hear()
    payer.stripe.control("rules", retry_days=[3, 5], after_retries="cancel")
    payer.stripe.change_card(payer.stripe.api("GET", f"subscriptions/{ours}")
                             ["default_payment_method"], "generic_decline")  # fmt: skip
    pass_time(payer, payer.renewal() + timedelta(days=15))
    with transaction():
        mine = mirroring.locked(engagement.id)
        assert mine is not None
        mirroring.sync_subscription(mine, stray)  # as any late, or replayed, event of it does
    assert (subscription().stripe_id, subscription().given_up) == (ours, True)
    assert subscription().former == []
    paid_on_hosted_page(payer, invoices()[-1])
    payer.hear()
    pass_time(payer, clock.now() + timedelta(hours=2))
    assert (subscription().status, subscription().former) == ("trialing", [ours])


def begun_beside(payer: Client) -> str:
    """Somebody begins another one for this engagement; it is ended as soon as it is heard of."""
    engagement = payer.engagement
    [theirs] = payer.stripe.of("subscription", engagement.id)
    products.ensure("retainer", engagement.offering)
    price = retainer(engagement.offering, engagement.terms.price)
    ends = int((clock.now() + timedelta(days=20)).timestamp())
    made = subscriptions.start(
        {"customer": theirs["customer"], "items": [{"price_data": price, "quantity": 1}],
         "trial_end": ends, "metadata": {"engagement": str(engagement.id)}}, "stray",
    )  # fmt: skip
    session.commit()
    return made.id
