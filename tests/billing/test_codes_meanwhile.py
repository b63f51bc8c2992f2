"""A code used at booking, and plans that are offered between what was asked and Stripe's answer."""

from __future__ import annotations

from tests.billing.changing import bigger
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from webapp.billing.models import AccountPurchase, Coupon
from webapp.db import session
from webapp.money import Money

REDUCED = [Money(500_000, "USD")]


def booked_with_a_code(payer: Client) -> None:
    session.add(Coupon(code="HELLO20", percent=20, months=2))
    session.commit()
    payer.browser.post(payer.url("code"), data={"code": "HELLO20"})


def test_plan_offered_before_the_sale_on_account_is_made_changes_nothing(payer: Client) -> None:
    booked_with_a_code(payer)
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    bigger(payer.engagement)
    session.commit()
    payer.hear()
    assert (rows(AccountPurchase)[0].state, failed_jobs()) == ("made", [])
    assert [row.total for row in invoices()] == REDUCED
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == 1


def test_plan_offered_while_stripe_did_not_answer_the_client_pays_what_was_shown(
    payer: Client,
) -> None:
    booked_with_a_code(payer)
    payer.stripe.fault("POST /v1/customers", "429", times=9)
    assert payer.browser.post(payer.url("pay")).status_code == 503
    payer.stripe.web.delete(f"{payer.stripe.base}/_sandbox/faults")
    bigger(payer.engagement)
    session.commit()
    payer.pay()
    payer.hear()
    assert ([row.paid for row in invoices()], failed_jobs()) == (REDUCED, [])
    assert subscription().price == Money(500_000, "USD")
