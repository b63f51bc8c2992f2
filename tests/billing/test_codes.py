"""Codes for a reduction: typed where one pays, known before one pays, good for what they say."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from tests.billing.conftest import Client, checkouts, invoices, rows, subscription
from tests.standin import visible
from webapp import clock
from webapp.billing.buying.order import Order, stripe_months
from webapp.billing.models import Coupon
from webapp.billing.models.coupon import uses_of
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money


def code(name: str = "HELLO20", **values: Any) -> Coupon:
    off = {} if "amount_minor" in values else {"percent": 20}
    made = Coupon(code=name, **(off | values))
    session.add(made)
    session.commit()
    return made


def use(payer: Client, typed: str = "HELLO20") -> Any:
    return payer.browser.post(payer.url("code"), data={"code": typed})


def paid(payer: Client) -> list[Money]:
    return [invoice.paid for invoice in invoices()]


def test_code_lowers_the_sum_before_anything_is_paid_and_the_invoice_is_that_sum(
    payer: Client,
) -> None:
    code(months=1)
    assert use(payer, " hello20 ").status_code == 303
    page = visible(payer.browser.get(payer.url("pay")).text)
    assert "Pay $5,000.00" in page and "takes $1,000.00 off the first month" in page
    payer.start()
    assert paid(payer) == [Money(500000, "USD")]
    assert subscription().price == Money(500000, "USD")
    payer.until(payer.renewal() + timedelta(hours=30))
    assert paid(payer) == [Money(500000, "USD"), Money(500000, "USD")]


def test_deposit_and_diagnostic_are_never_reduced(begin: Callable[..., Client]) -> None:
    payer = begin(diagnostic_fee_minor=150000)
    code(percent=100, months=1)
    use(payer)
    payer.start()
    assert paid(payer) == [Money(250000, "USD")]


@pytest.mark.parametrize("ahead_days", [14, 40])
def test_months_are_counted_from_the_kick_off_however_far_ahead_it_was_paid(
    payer: Client, ahead_days: int
) -> None:
    later(payer, ahead_days)
    code(months=2)
    use(payer)
    payer.start()
    engagement = payer.engagement
    third = engagement.kick_off_on + relativedelta(months=2)
    payer.until(payer.renewal() + timedelta(days=1, hours=2))
    payer.until(payer.renewal() + timedelta(days=1, hours=2))
    assert paid(payer) == [Money(500000, "USD"), Money(400000, "USD"), Money(500000, "USD")]
    assert Order.of(engagement).discount.full_from == third  # type: ignore[union-attr]


def later(payer: Client, days: int) -> None:
    """Hold a kick-off so many days from now."""
    from tests.engagements.conftest import free_times  # noqa: PLC0415 - beside its fixtures

    at = free_times(payer.engagement.lead, after_days=days)[0]
    assert payer.browser.post(payer.url("slot"), data={"slot": at.isoformat()}).status_code == 303


def test_every_month_means_every_month(payer: Client) -> None:
    code(amount_minor=30000, currency="USD", months=None)
    use(payer)
    page = visible(payer.browser.get(payer.url("pay")).text)
    assert "takes $300.00 off each month" in page and "$4,700.00 is charged each month" in page
    payer.start()
    assert "$4,700.00 is charged the same way" in visible(payer.come_back())
    payer.until(payer.renewal() + timedelta(days=1, hours=2))
    assert paid(payer) == [Money(570000, "USD"), Money(470000, "USD")]


def test_diagnostic_is_reduced_once(diagnostic: Client) -> None:
    code(percent=10)
    use(diagnostic)
    diagnostic.start()
    assert paid(diagnostic) == [Money(675000, "USD")]


@pytest.mark.parametrize(
    ("values", "typed", "said"),
    [
        ({}, "NOSUCH", "We do not know this code"),
        ({"ended_at": "now"}, "HELLO20", "This code is over"),
        ({"last_on": "yesterday"}, "HELLO20", "This code is over"),
        ({"amount_minor": 100, "currency": "EUR"}, "HELLO20", "prices in EUR"),
        ({"amount_minor": 500000, "currency": "USD"}, "HELLO20", "offerings that cost more"),
        ({}, "x" * 41, "longer than 40"),
    ],
)
def test_code_that_cannot_be_used_is_told_beside_the_field(
    payer: Client, values: dict[str, Any], typed: str, said: str
) -> None:
    now = clock.now()
    dates = {"now": now, "yesterday": (now - timedelta(days=2)).date()}
    code(**{name: dates.get(str(value), value) for name, value in values.items()})
    answer = use(payer, typed)
    assert answer.status_code == 422
    assert said in visible(answer.text) and typed in answer.text
    assert payer.engagement.terms.coupon_code == ""
    assert "Pay $6,000.00" in visible(answer.text)


def test_last_use_of_a_code_goes_to_one_of_five_at_once(begin: Callable[..., Client]) -> None:
    clients = [begin() for _ in range(5)]
    code(most_uses=1)
    addresses = [client.url("code") for client in clients]

    def press(address: str) -> int:
        browser = clients[0].app.test_client()
        return int(browser.post(address, data={"code": "HELLO20"}).status_code)

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(press, addresses)) == [303, 422, 422, 422, 422]
    session.rollback()
    assert uses_of(["HELLO20"]) == {"HELLO20": 1}


def test_booking_that_lapses_gives_its_use_back(payer: Client) -> None:
    code(most_uses=1)
    use(payer)
    assert rows(Coupon)[0].uses == 1
    payer.engagement.lose("Not paid")
    session.commit()
    assert rows(Coupon)[0].uses == 0


def test_code_typed_after_checkout_was_opened_opens_another_and_closes_the_first(
    payer: Client,
) -> None:
    full = payer.to_checkout()
    code(months=1)
    use(payer)
    reduced = payer.to_checkout()
    assert payer.stripe.pay(full).status_code == 410
    assert payer.stripe.pay(reduced).status_code == 303
    payer.hear()
    assert paid(payer) == [Money(500000, "USD")]
    assert [row.state for row in checkouts()] == ["expired", "complete"]


def test_removed_code_leaves_the_full_price(payer: Client) -> None:
    code()
    use(payer)
    assert use(payer, "").status_code == 303
    payer.start()
    assert paid(payer) == [Money(600000, "USD")]
    assert rows(Engagement)[0].terms.booking_discount_minor == 0


def test_ended_code_stays_with_whoever_has_it(payer: Client) -> None:
    made = code(months=1)
    use(payer)
    session.get_one(Coupon, made.id).end()
    session.commit()
    payer.start()
    assert paid(payer) == [Money(500000, "USD")]


def test_codes_cannot_be_found_by_trying(payer: Client) -> None:
    code()
    for number in range(10):
        assert use(payer, f"TRY{number}").status_code == 422
    answer = use(payer)
    assert answer.status_code == 422 and "tried too often" in visible(answer.text)


def test_cancelling_gives_back_what_was_paid_and_not_the_reduction(payer: Client) -> None:
    code(months=1)
    use(payer)
    payer.start()
    assert payer.engagement.refund_due() == Money(500000, "USD")


@pytest.mark.parametrize("months", [2, 3, 12])
@pytest.mark.parametrize("ahead", [1, 27, 31, 40, 65])
def test_stripe_discounts_the_last_of_our_months_and_not_the_one_after(
    payer: Client, months: int, ahead: int
) -> None:
    engagement = payer.engagement
    engagement.kick_off_on = clock.now().date() + timedelta(days=ahead)
    count = stripe_months(engagement, months)
    assert count is not None
    ends = clock.now().date() + relativedelta(months=count)
    assert engagement.kick_off_on + relativedelta(months=months - 1) <= ends
    assert engagement.kick_off_on + relativedelta(months=months) >= ends
