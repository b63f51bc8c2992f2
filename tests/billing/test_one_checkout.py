"""However it is clicked, lost or moved: one customer, one Session to pay through, one charge."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import make
from tests.billing.conftest import Client, checkouts, rows, subscription
from tests.engagements.conftest import free_times, started
from tests.standin import StandIn, path_of, visible
from webapp import clock
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import checkout
from webapp.billing.calls import customers as customer_calls
from webapp.billing.models import Alert, Customer, Invoice
from webapp.billing.objects.customer import CustomerDetails
from webapp.booking.models import Claim
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater


def sessions(payer: Client, **equal: object) -> list[str]:
    wanted = str(payer.engagement.id)
    found = payer.stripe.of("checkout.session", wanted)
    return [one["id"] for one in found if all(one[key] == value for key, value in equal.items())]


def customers(payer: Client) -> list[str]:
    company = str(payer.engagement.company_id)
    found = payer.stripe.objects("customer")
    return [one["id"] for one in found if one["metadata"].get("company") == company]


def test_m01_pay_clicked_twice_is_one_customer_session_and_subscription(payer: Client) -> None:
    first, second = payer.to_checkout(), payer.to_checkout()
    assert first == second
    payer.stripe.pay(first)
    payer.hear()
    assert len(customers(payer)) == len(sessions(payer)) == 1
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == 1
    assert [row.status for row in rows(Invoice)] == ["paid"]


def test_m02_checkout_in_five_tabs_at_once_is_one_customer_and_session(payer: Client) -> None:
    def press(_: int) -> str:
        return str(payer.app.test_client().post(payer.url("pay")).headers["Location"])

    with ThreadPoolExecutor(5) as pool:
        addresses = set(pool.map(press, range(5)))
    assert len(addresses) == 1
    assert len(customers(payer)) == len(sessions(payer)) == len(rows(Customer)) == 1
    payer.stripe.pay(addresses.pop())
    payer.hear()
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == len(rows(Invoice)) == 1


def test_paid_in_one_tab_the_other_leads_to_the_thanks(payer: Client) -> None:
    payer.pay()
    answer = payer.browser.post(payer.url("pay"))
    assert path_of(answer.headers["Location"]) == payer.url("done")
    assert len(sessions(payer)) == 1


def test_changed_time_expires_the_older_session_before_the_next_opens(payer: Client) -> None:
    older = payer.to_checkout()
    engagement = payer.engagement
    another = free_times(engagement.lead, after_days=20)[0]
    moved = payer.browser.post(payer.url("slot"), data={"slot": another.isoformat()})
    assert moved.status_code == 303
    newer = payer.to_checkout()
    assert newer != older
    assert payer.stripe.pay(older).status_code == 410
    assert payer.stripe.pay(newer).status_code == 303
    payer.hear()
    assert [row.state for row in checkouts()] == ["expired", "complete"]
    assert len(payer.stripe.of("subscription", engagement.id)) == 1
    renews = subscription().renews_at
    assert renews and renews.date() > another.date() + timedelta(days=27)


def test_session_whose_time_ran_out_is_followed_by_a_new_one(payer: Client) -> None:
    older = payer.to_checkout()
    payer.stripe.api("POST", f"checkout/sessions/{sessions(payer)[0]}/expire")
    assert payer.to_checkout() != older
    assert [row.state for row in checkouts()] == ["expired", "open"]


def test_hold_outlives_the_session(payer: Client) -> None:
    payer.to_checkout()
    [attempt] = checkouts()
    assert payer.engagement.hold.expires_at >= attempt.expires_at + timedelta(minutes=10)


# -- what goes wrong on the way --------------------------------------------------------------------


def test_m18_answer_lost_after_creation_the_sdk_finds_the_same_objects(payer: Client) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "lost_response")
    payer.stripe.fault("POST /v1/customers", "lost_response")
    payer.to_checkout()
    assert len(customers(payer)) == len(sessions(payer)) == 1


def test_m18_every_answer_lost_a_second_try_comes_to_the_same_session(payer: Client) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "lost_response", times=3)
    answer = payer.browser.post(payer.url("pay"))
    assert answer.status_code == 503
    assert payer.to_checkout()
    assert len(sessions(payer)) == 1


def test_m19_lost_session_is_found_by_its_metadata_when_the_key_can_no_longer_be_used(
    payer: Client,
) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "lost_response", times=3)
    payer.browser.post(payer.url("pay"))
    [attempt] = checkouts()
    attempt.created_at -= timedelta(hours=25)
    session.commit()
    payer.to_checkout()
    assert len(sessions(payer)) == len(checkouts()) == 1


def test_m19_customer_whose_answer_was_lost_days_ago_is_found_by_metadata(
    payer: Client,
) -> None:
    payer.to_checkout()
    session.query(Customer).delete()
    session.commit()
    known = customers(payer)
    details = CustomerDetails(str(payer.engagement.company_id), "H", "h@x.example", "", "", "", "")
    assert [customer_calls.ensure(details, None)] == known


def test_attempt_stripe_never_heard_of_is_given_up_for_the_next(payer: Client) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "409", times=3)
    assert payer.browser.post(payer.url("pay")).status_code == 503
    [attempt] = checkouts()
    attempt.created_at -= timedelta(hours=25)
    session.commit()
    payer.to_checkout()
    assert [row.state for row in checkouts()] == ["expired", "open"]
    assert len(sessions(payer)) == 1


def test_stripes_own_fault_is_stored_with_its_key_so_the_next_try_uses_another(
    payer: Client,
) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "500")
    assert payer.browser.post(payer.url("pay")).status_code == 503
    assert payer.to_checkout()
    assert [row.state for row in checkouts()] == ["expired", "open"]


def test_m20_too_many_requests_are_backed_off_and_can_be_tried_again(payer: Client) -> None:
    payer.stripe.fault("POST /v1/checkout/sessions", "429")
    answer = payer.browser.post(payer.url("pay"))
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert payer.to_checkout()
    assert len(sessions(payer)) == 1


def test_m21_key_reused_with_other_params_is_an_alarm_and_opens_nothing(payer: Client) -> None:
    payer.to_checkout()
    [attempt] = checkouts()
    [customer] = rows(Customer)
    params = attempt.params | {
        "customer": customer.stripe_id,
        "cancel_url": "https://other.example",
    }
    for _ in range(2):
        with pytest.raises(gateway.KeyReused):
            checkout.open_session(params, attempt.idempotency_key)
    assert len(sessions(payer)) == 1
    [alarm] = rows(Alert)
    assert alarm.kind == "key_reused" and attempt.idempotency_key in alarm.about


def test_m46_customer_deleted_in_stripe_is_made_anew(payer: Client) -> None:
    payer.to_checkout()
    [gone] = customers(payer)
    payer.stripe.api("DELETE", f"customers/{gone}")
    payer.hear()
    payer.pay()
    payer.hear()
    [kept] = rows(Customer)
    assert kept.stripe_id != gone
    assert payer.engagement.stage == "onboarding"


# -- Stripe is down --------------------------------------------------------------------------------


def down(app: Flask, base: str) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=base)


def test_m17_stripe_down_says_so_keeps_the_hold_and_completes_later(payer: Client) -> None:
    up = payer.stripe.base
    down(payer.app, "http://127.0.0.1:9")
    begun = time.monotonic()
    answer = payer.browser.post(payer.url("pay"))
    assert time.monotonic() - begun < 15
    assert answer.status_code == 503
    page = visible(answer.text)
    assert "Nothing was charged" in page and "Try again" in page
    assert payer.engagement.hold.live
    assert payer.engagement.hold.expires_at > clock.now() + timedelta(minutes=40)
    down(payer.app, up)
    payer.pay()
    payer.hear()
    assert payer.engagement.stage == "onboarding"
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == 1


def test_m17_stripe_that_never_answers_is_given_up_within_fifteen_seconds(payer: Client) -> None:
    payer.stripe.fault("* /v1/*", "timeout", times=20, seconds=20)
    begun = time.monotonic()
    assert payer.browser.post(payer.url("pay")).status_code == 503
    assert time.monotonic() - begun < 15
    assert payer.engagement.hold.live


def test_success_page_with_stripe_down_is_calm_and_asks_again_by_itself(payer: Client) -> None:
    payer.pay()
    down(payer.app, "http://127.0.0.1:9")
    page = payer.come_back()
    assert "being confirmed" in visible(page) and "Check again" in visible(page)
    assert 'hx-trigger="load delay:2s"' in page and "looks=1" in page
    slower = payer.browser.get(payer.url("done?looks=4")).text
    assert 'hx-trigger="load delay:10s"' in slower
    payer.hear()
    assert payer.engagement.stage == "signed"
    down(payer.app, payer.stripe.base)
    assert "Thank you" in payer.come_back()


# -- the time is gone before anything is paid ------------------------------------------------------


def lose_time(payer: Client) -> None:
    """The hold lapses, and somebody else takes the time."""
    hold = payer.engagement.hold
    hold.expires_at = clock.now() - timedelta(minutes=1)
    session.query(Claim).filter_by(hold_id=hold.id).update({"expires_at": hold.expires_at})
    session.commit()
    other = make.offering()
    type(hold).take(other, hold.consultant, hold.starts_at, "Europe/London")
    session.commit()


def test_lapsed_hold_that_is_still_free_is_taken_again_silently(payer: Client) -> None:
    hold = payer.engagement.hold
    hold.expires_at = clock.now() - timedelta(minutes=1)
    session.query(Claim).filter_by(hold_id=hold.id).update({"expires_at": hold.expires_at})
    session.commit()
    payer.to_checkout()
    assert payer.engagement.hold.live


def test_time_lost_before_paying_is_409_with_alternatives_and_no_session(payer: Client) -> None:
    lose_time(payer)
    answer = payer.browser.post(payer.url("pay"))
    page = visible(answer.text)
    assert answer.status_code == 409
    assert "Nothing was charged" in page and "Nearest open times" in page
    assert sessions(payer) == [] and checkouts() == []
    nearest = answer.text.split('name="slot"')[1].split('value="')[1].split('"')[0]
    moved = payer.browser.post(payer.url("slot"), data={"slot": nearest})
    assert moved.headers["Location"] == payer.url("pay")
    payer.pay()
    payer.hear()
    assert payer.engagement.stage == "onboarding"


def test_unknown_or_foreign_link_is_404(payer: Client, stripe: StandIn) -> None:
    for step in ("pay", "left", "done"):
        assert payer.browser.get(f"/start/{payer.booking.token}x/{step}").status_code == 404
        assert payer.browser.get(f"/start/nonsense/{step}").status_code == 404


def test_unreachable_stripe_is_told_as_a_passing_fault(app: Flask) -> None:
    down(app, "http://127.0.0.1:9")
    with pytest.raises(RetryLater):
        checkout.read("cs_test_1")


def test_engagement_held_by_a_slow_reader_does_not_keep_the_page_waiting(payer: Client) -> None:
    held = Session(session.get_bind())
    held.execute(select(Engagement.id).with_for_update())
    begun = time.monotonic()
    assert payer.browser.post(payer.url("pay")).status_code == 503
    assert time.monotonic() - begun < 15
    held.rollback()
    held.close()
    assert payer.to_checkout()


def test_m24_second_currency_for_one_client_is_refused_before_any_call(payer: Client) -> None:
    company = payer.start().company
    other = started(currency="EUR")
    assert other.type_details(payer.browser).status_code == 303
    assert other.accept(payer.browser).status_code == 303
    other.engagement.company = company
    session.commit()
    asked = len(payer.stripe.calls("/v1/"))
    answer = payer.browser.post(other.url("pay"))
    assert answer.status_code == 409 and "billed in USD" in visible(answer.text)
    assert len(payer.stripe.calls("/v1/")) == asked
