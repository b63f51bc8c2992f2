"""The months after the first: charged, announced, failing, ended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.billing.changing import run_planners
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.billing.test_webhook import signature
from tests.elsewhere import elsewhere
from tests.standin import StandIn
from webapp.billing import mirroring
from webapp.billing.buying.order import month_days
from webapp.db import session
from webapp.engagements.models import RetainerPeriod, TermsChange
from webapp.money import Money
from webapp.outbox import Job
from webapp.reviews.models import Review

HOURS, MONTH = timedelta(hours=3), timedelta(days=31)


def test_next_month_is_invoiced_paid_and_receipted_once(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() + HOURS, by=MONTH)
    _, second = invoices()
    assert (second.status, second.total) == ("paid", Money(500000, "USD"))
    assert second.billing_reason == "subscription_cycle"
    engagement = payer.engagement
    months = [(period.number, period.starts) for period in engagement.periods]
    assert months == [(1, engagement.kick_off_on), (2, engagement.local_date(second.issued_at))]
    [line] = second.lines
    assert line["text"] == f"{engagement.title}, {month_days(engagement, 2)}"
    receipts = payer.mails("Receipt")
    assert len(receipts) == 2 and second.number in receipts[1]
    assert f"{line['text']}: $5,000.00" in receipts[1]
    assert failed_jobs() == []


def test_renewal_is_announced_five_days_before_once_and_with_its_amount(payer: Client) -> None:
    payer.start()
    renews = payer.renewal()
    payer.until(renews - timedelta(days=5, hours=1), by=MONTH)
    assert payer.mails("will be charged on") == []
    payer.until(renews - timedelta(days=4))
    payer.until(renews - timedelta(days=2))
    [notice] = payer.mails("will be charged on")
    assert "$5,000.00" in notice and notice.startswith("Ana Reyes")


def test_renewal_already_hours_away_is_not_announced(payer: Client) -> None:
    payer.start()
    renews = payer.renewal()
    payer.until(renews - timedelta(hours=20), by=2 * MONTH)
    assert payer.mails("will be charged on") == []


def test_cancelled_in_stripes_dashboard_the_mirror_ends(payer: Client) -> None:
    payer.start()
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    mirror = subscription()
    assert (mirror.status, mirror.renews_at) == ("canceled", None)
    assert mirror.ended_at is not None


def test_m37_end_in_stripes_dashboard_heard_twice_calls_later_reviews_off_once(
    payer: Client,
) -> None:
    payer.start()
    assert {review.state for review in rows(Review)} == {"booked"}
    ends_on = payer.engagement.month_after(payer.engagement.kick_off_on)
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    late = payer.stripe.objects("event", type="customer.subscription.deleted")[0]
    again = json.dumps(late | {"id": "evt_again"}).encode()
    assert payer.stripe.receive(again, signature(again)) == 200
    for _ in range(2):
        elsewhere(lambda: run_planners(payer))
        payer.drain()
    assert (payer.engagement.stage, payer.engagement.ends_on) == ("ending", ends_on)
    states = {review.due_on: review.state for review in rows(Review)}
    assert states == {day: "booked" if day < ends_on else "cancelled" for day in states}
    assert set(states.values()) == {"booked", "cancelled"}
    off = [job for job in rows(Job) if job.task == "reviews.suspend"]
    assert sorted(job.payload[0] for job in off) == sorted(
        str(review.id) for review in rows(Review) if review.state == "cancelled"
    )
    assert [change.kind for change in rows(TermsChange)] == ["notice_given"]


def test_m08_old_event_of_an_active_subscription_after_its_end_leaves_it_ended(
    payer: Client,
) -> None:
    payer.start()
    created = payer.stripe.objects("event", type="customer.subscription.created")[0]
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    late = json.dumps(created | {"id": "evt_late"}).encode()
    assert payer.stripe.receive(late, signature(late)) == 200
    payer.drain()
    assert subscription().status == "canceled"


def test_every_order_of_the_first_events_comes_to_the_same_end(payer: Client) -> None:
    payer.pay()
    kinds = ("checkout.session.completed", "customer.subscription.created", "invoice.paid")
    made = [payer.stripe.objects("event", type=kind)[0] for kind in kinds]
    outcomes = set()
    for number, order in enumerate(itertools.permutations(made)):
        for event in order:
            body = json.dumps(event | {"id": f"{event['id']}_{number}"}).encode()
            assert payer.stripe.receive(body, signature(body)) == 200
            payer.drain()
        [invoice] = invoices()
        outcomes.add((payer.engagement.stage, invoice.status, subscription().status))
    assert outcomes == {("onboarding", "paid", "trialing")}
    assert len(payer.mails("Receipt")) == 1


def test_webhooks_doubled_and_shuffled_have_each_effect_once(payer: Client) -> None:
    payer.stripe.control("switches", duplicate=2, reorder=True)
    payer.start()
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert [invoice.status for invoice in invoices()] == ["paid", "paid"]
    assert len(payer.mails("Receipt")) == 2
    assert len(rows(RetainerPeriod)) == 2
    assert failed_jobs() == []


def made_in_the_dashboard(payer: Client) -> str:
    """Another subscription for the engagement, on the card of its own; Stripe's id."""
    engagement_id = str(payer.engagement.id)
    first = payer.stripe.of("subscription", engagement_id)[0]
    item = first["items"]["data"][0]["price"]
    made = payer.stripe.api(
        "POST", "subscriptions", customer=first["customer"],
        default_payment_method=first["default_payment_method"],
        **{"metadata[engagement]": engagement_id,
           "items[0][price_data][currency]": "usd",
           "items[0][price_data][product]": item["product"],
           "items[0][price_data][unit_amount]": "1000",
           "items[0][price_data][recurring][interval]": "month"},
    )  # fmt: skip
    return str(made["id"])


def test_second_live_subscription_is_ended_and_its_payment_given_back(payer: Client) -> None:
    payer.start()
    first = subscription().stripe_id
    made = made_in_the_dashboard(payer)
    payer.hear()
    assert subscription().stripe_id == first
    [stray] = [one for one in payer.stripe.objects("subscription") if one["id"] == made]
    assert stray["status"] == "canceled"
    given_back = payer.stripe.of("refund", payer.engagement.id)
    assert [one["amount"] for one in given_back] == [1000]


def test_m08_a_subscription_begun_after_the_first_is_over_takes_its_place(payer: Client) -> None:
    payer.start()
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    made = made_in_the_dashboard(payer)
    payer.hear()
    assert (subscription().stripe_id, subscription().status) == (made, "active")
    assert payer.stripe.of("refund", payer.engagement.id) == []


def test_m08_the_new_ones_invoice_may_be_heard_of_before_either_subscription(
    payer: Client,
) -> None:
    payer.start()
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    made = made_in_the_dashboard(payer)
    charged = payer.stripe.objects("invoice")
    [invoice] = [one["id"] for one in charged if one["amount_paid"] == 1000]
    mirroring.sync_invoice(payer.engagement, invoice)
    session.commit()
    assert subscription().stripe_id == made
    payer.hear()
    assert (subscription().stripe_id, subscription().status) == (made, "active")
    assert payer.stripe.of("refund", payer.engagement.id) == []


def buy_by_invoice(payer: Client, net_days: int) -> None:
    payer.engagement.company.net_days = net_days  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()
    pay_open_invoices(payer)


def pay_open_invoices(payer: Client) -> None:
    """By transfer, as far as any are sent."""
    for invoice in payer.stripe.of("invoice", payer.engagement.id):
        if invoice["status"] == "draft":
            payer.stripe.api("POST", f"invoices/{invoice['id']}/finalize")
    for row in invoices():
        if row.status == "open":
            payer.stripe.api("POST", f"invoices/{row.stripe_id}/pay", paid_out_of_band="true")
    payer.hear()


YEARS = {
    2028: [date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30), date(2028, 5, 31)],
    2029: [date(2029, 2, 28), date(2029, 3, 31)],
}


@pytest.mark.parametrize(
    ("year", "net_days"), [(2028, None), (2028, 30), (2029, None)],
    ids=["by card", "by invoice", "three days off in March"],
)  # fmt: skip
def test_m29_start_on_the_31st_renews_at_the_end_of_february_and_returns_to_the_31st(
    begin: Callable[..., Client],
    stripe: StandIn,
    set_clock: Callable[[datetime], None],
    year: int,
    net_days: int | None,
) -> None:
    fortnight_before = datetime(year, 1, 17, 9, tzinfo=UTC)
    set_clock(fortnight_before)
    stripe.advance(fortnight_before)
    payer = begin()
    if net_days:
        buy_by_invoice(payer, net_days)
    else:
        payer.start()
    engagement = payer.engagement
    assert engagement.kick_off_on == date(year, 1, 31)
    due = []
    for _ in YEARS[year]:
        due.append(engagement.local_date(payer.renewal()))
        payer.until(payer.renewal() + HOURS, by=MONTH)
        pay_open_invoices(payer)
    assert due == YEARS[year]
    assert [invoice.total.minor for invoice in invoices()] == [600000, *[500000] * len(due)]
    starts = [period.starts for period in payer.engagement.periods]
    assert starts == [engagement.kick_off_on, *due]
