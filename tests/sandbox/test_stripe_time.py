"""What time does: renewals, trials, retries, notices, and moving it."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox.stripe.billing.months import Anchor, add_periods, first_anchor, period_around
from tests.sandbox.stripe_desk import DAY, Desk, price

MONTHLY = {"interval": "month", "interval_count": 1}
HOUR = 3600


def at(year: int, month: int, day: int, hour: int = 9) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def dates(instants: list[int]) -> list[str]:
    return [datetime.fromtimestamp(i, UTC).strftime("%d %b %H:%M") for i in instants]


def test_periods_from_the_31st_do_not_drift() -> None:
    anchor = Anchor.of(at(2027, 1, 31))
    starts = [add_periods(anchor, MONTHLY, n) for n in range(5)]
    assert dates(starts) == [
        "31 Jan 09:00",
        "28 Feb 09:00",
        "31 Mar 09:00",
        "30 Apr 09:00",
        "31 May 09:00",
    ]
    assert dates([add_periods(Anchor.of(at(2028, 1, 31)), MONTHLY, 1)]) == ["29 Feb 09:00"]


def test_a_configured_day_outlives_a_short_first_month() -> None:
    config = {"day_of_month": 31}
    start = first_anchor(config, MONTHLY, at(2027, 2, 28))
    anchor = Anchor.of(start, config)
    assert dates([start, add_periods(anchor, MONTHLY, 1)]) == ["28 Feb 09:00", "31 Mar 09:00"]


@given(
    start=st.integers(at(2024, 1, 1), at(2032, 1, 1)),
    later=st.integers(0, 5 * 366 * DAY),
    interval=st.sampled_from(["day", "week", "month", "year"]),
    count=st.integers(1, 6),
)
def test_every_instant_lies_in_exactly_one_period(
    start: int, later: int, interval: str, count: int
) -> None:
    recurring = {"interval": interval, "interval_count": count}
    begins, ends = period_around(Anchor.of(start), recurring, start + later)
    assert begins <= start + later < ends
    assert period_around(Anchor.of(start), recurring, begins) == (begins, ends)
    assert period_around(Anchor.of(start), recurring, ends)[0] == ends


def test_a_renewal_is_drafted_then_finalised_an_hour_later_and_paid(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end)
    first, renewal = desk.invoices(subscription.id)
    assert (renewal.status, renewal.billing_reason, renewal.number) == (
        "draft",
        "subscription_cycle",
        None,
    )
    assert renewal.automatically_finalizes_at == subscription.trial_end + HOUR
    assert (renewal.period_start, renewal.period_end) == (
        subscription.start_date,
        subscription.trial_end,
    )
    [line] = renewal.lines.data
    assert (line.amount, line.description) == (500_000, "1 × Retainer (at $5,000.00 / month)")
    assert line.period.start == subscription.trial_end
    desk.advance(HOUR)
    paid = desk.api.v1.invoices.retrieve(renewal.id)
    assert (paid.status, paid.amount_paid, paid.attempt_count) == ("paid", 500_000, 1)
    assert paid.number.endswith("-0002") and first.number.endswith("-0001")
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_year_of_renewals_is_thirteen_invoices_on_the_anchor(desk: Desk) -> None:
    desk.advance_to(at(2035, 1, 10))
    trial_end = desk.now + 31 * DAY
    subscription = desk.subscribed(subscription_data={"trial_end": trial_end})
    desk.advance(366 * DAY)
    renewals = desk.invoices(subscription.id)[1:]
    anchor = Anchor.of(trial_end)
    assert [i.lines.data[0].period.start for i in renewals] == [
        add_periods(anchor, MONTHLY, n) for n in range(len(renewals))
    ]
    assert len(renewals) == 12
    assert {(i.status, i.amount_paid) for i in renewals} == {("paid", 500_000)}


def test_a_retainer_from_the_31st_bills_28_february_then_31_march(desk: Desk) -> None:
    desk.advance_to(at(2035, 1, 31))
    data = {"trial_end": at(2035, 2, 28), "billing_cycle_anchor_config": {"day_of_month": 31}}
    subscription = desk.subscribed(subscription_data=data)
    desk.advance_to(at(2035, 5, 30))
    starts = [i.lines.data[0].period.start for i in desk.invoices(subscription.id)[1:]]
    assert dates(starts) == ["28 Feb 09:00", "31 Mar 09:00", "30 Apr 09:00"]
    assert {i.amount_paid for i in desk.invoices(subscription.id)[1:]} == {500_000}


def test_a_first_period_shorter_than_a_month_costs_its_share(desk: Desk) -> None:
    desk.advance_to(at(2035, 4, 1))
    lines = [price(300_000, "Retainer", monthly=True)]
    session = desk.retainer(
        desk.customer(),
        line_items=lines,
        subscription_data={
            "trial_end": at(2035, 4, 10),
            "billing_cycle_anchor_config": {"day_of_month": 20},
        },
    )
    desk.pay(session)
    [subscription] = desk.api.v1.subscriptions.list().data
    desk.advance_to(at(2035, 5, 21))
    shown = [
        (i.amount_paid, *dates([i.lines.data[0].period.start, i.lines.data[0].period.end]))
        for i in desk.invoices(subscription.id)
    ]
    assert shown == [
        (0, "01 Apr 09:00", "10 Apr 09:00"),
        (round(300_000 * 10 / 31), "10 Apr 09:00", "20 Apr 09:00"),
        (300_000, "20 Apr 09:00", "20 May 09:00"),
        (300_000, "20 May 09:00", "20 Jun 09:00"),
    ]


def test_notices_come_before_the_renewal(desk: Desk) -> None:
    desk.control("POST", "rules", {"upcoming_days": 5})
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end - 5 * DAY - 1)
    assert "invoice.upcoming" not in desk.event_types()
    desk.advance(1)
    [event] = desk.api.v1.events.list({"type": "invoice.upcoming"}).data
    assert event.data.object.amount_due == 500_000
    assert event.created == subscription.trial_end - 5 * DAY
    desk.advance_to(subscription.trial_end - 3 * DAY)
    assert desk.event_types()[-1] == "customer.subscription.trial_will_end"
    assert len(desk.invoices(subscription.id)) == 1


def test_a_failed_renewal_is_retried_on_the_set_days_and_then_cancels(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    due = subscription.trial_end + HOUR
    desk.advance_to(due)
    invoice = desk.invoices(subscription.id)[1]
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == due + 3 * DAY
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    desk.advance_to(due + 3 * DAY)
    assert desk.invoices(subscription.id)[1].next_payment_attempt == due + 8 * DAY
    desk.advance_to(due + 15 * DAY)
    ended = desk.api.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert desk.event_types().count("invoice.payment_failed") == 4
    desk.advance(60 * DAY)
    assert len(desk.invoices(subscription.id)) == 2


@pytest.mark.parametrize(("rule", "status"), [("unpaid", "unpaid"), ("past_due", "past_due")])
def test_what_follows_the_last_retry_is_the_accounts_choice(
    desk: Desk, rule: str, status: str
) -> None:
    desk.control("POST", "rules", {"after_retries": rule, "retry_days": [1]})
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    desk.advance_to(subscription.trial_end + 2 * DAY)
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == status


def test_a_better_card_pays_what_is_owed_once(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    desk.advance_to(subscription.trial_end + HOUR)
    desk.give_card(subscription, "pm_card_visa")
    invoice = desk.invoices(subscription.id)[1]
    assert desk.api.v1.invoices.pay(invoice.id).status == "paid"
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        desk.api.v1.invoices.pay(invoice.id)
    desk.advance(10 * DAY)
    assert len([c for c in desk.api.v1.charges.list().data if c.paid]) == 2


def test_a_renewal_that_must_be_authenticated_waits_for_the_holder(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_authenticationRequired")
    desk.advance_to(subscription.trial_end + HOUR)
    kinds = desk.event_types()
    assert (
        kinds.count("invoice.payment_action_required") == kinds.count("invoice.payment_failed") == 1
    )
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_notice_ends_it_at_the_periods_end_and_withdrawal_leaves_no_trace(desk: Desk) -> None:
    kept, ended = desk.subscribed(), desk.subscribed()
    for subscription in (kept, ended):
        given_notice = desk.api.v1.subscriptions.update(
            subscription.id, {"cancel_at_period_end": True}
        )
        assert given_notice.cancel_at == subscription.trial_end and given_notice.canceled_at
    withdrawn = desk.api.v1.subscriptions.update(kept.id, {"cancel_at_period_end": False})
    assert (withdrawn.cancel_at, withdrawn.canceled_at) == (None, None)
    desk.advance_to(ended.trial_end + 2 * HOUR)
    over = desk.api.v1.subscriptions.retrieve(ended.id)
    assert (over.status, over.ended_at) == ("canceled", ended.trial_end)
    assert len(desk.invoices(ended.id)) == 1
    assert [i.status for i in desk.invoices(kept.id)] == ["paid", "paid"]


def test_paused_collection_goes_on_making_invoices_that_nobody_pays(desk: Desk) -> None:
    desk.advance_to(at(2035, 1, 10))
    subscription = desk.subscribed()
    pause = {"behavior": "void", "resumes_at": subscription.trial_end + 40 * DAY}
    desk.api.v1.subscriptions.update(subscription.id, {"pause_collection": pause})
    desk.advance_to(subscription.trial_end + 62 * DAY)
    assert [i.status for i in desk.invoices(subscription.id)[1:]] == ["void", "void", "paid"]


def test_next_due_steps_through_everything_there_is(desk: Desk) -> None:
    assert desk.control("GET", "next_due")["at"] is None
    subscription = desk.subscribed()
    seen = []
    while (instant := desk.control("GET", "next_due")["at"]) <= subscription.trial_end + HOUR:
        seen.append(instant - subscription.trial_end)
        desk.advance_to(instant)
    assert seen == [-7 * DAY, -3 * DAY, 0, HOUR]


def test_time_never_runs_backwards(desk: Desk) -> None:
    answer = desk.browser.post(f"{desk.url}/_sandbox/advance", json={"to": desk.now - 10})
    assert answer.status_code == 400
    before = desk.now
    desk.advance(1000)
    assert before + 1000 <= desk.now <= before + 1010


def test_a_test_clock_moves_only_its_own_customers(desk: Desk) -> None:
    start = at(2030, 1, 31)
    clock = desk.api.v1.test_helpers.test_clocks.create({"frozen_time": start})
    customer = desk.customer(test_clock=clock.id)
    method = desk.api.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    item = price(500_000, "Retainer", monthly=True)["price_data"]
    item["product"] = desk.api.v1.products.create({"name": item.pop("product_data")["name"]}).id
    subscription = desk.api.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price_data": item}],
            "default_payment_method": method.id,
        }
    )
    other = desk.subscribed()
    assert (subscription.status, subscription.created) == ("active", start)
    answer: Any = desk.api.v1.test_helpers.test_clocks.advance(
        clock.id, {"frozen_time": at(2030, 4, 1)}
    )
    assert answer.status == "advancing"
    assert desk.api.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"
    starts = [i.lines.data[0].period.start for i in desk.invoices(subscription.id)]
    assert dates(starts) == ["31 Jan 09:00", "28 Feb 09:00", "31 Mar 09:00"]
    assert len(desk.invoices(other.id)) == 1
    assert [
        e.created for e in desk.api.v1.events.list({"type": "invoice.created", "limit": 1}).data
    ]


def test_time_of_a_new_account_can_begin_in_the_past(desk: Desk) -> None:
    """So that a demo can have months behind it; later it is only moved on."""
    then = at(2026, 1, 5)
    begun = desk.control("POST", "begin", {"at": then})
    assert 0 <= begun["now"] - then <= 2
    made = desk.customer()
    assert 0 <= made.created - then <= 5
    with pytest.raises(AssertionError, match="the account new"):
        desk.control("POST", "begin", {"at": then})
    desk.advance_to(then + 40 * DAY)
    assert desk.now >= then + 40 * DAY
