"""The first payment, from the button to the engagement that has begun."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from tests.billing.conftest import (
    Client,
    checkouts,
    failed_jobs,
    invoices,
    rows,
    subscription,
)
from tests.standin import DECLINED, NEEDS_3DS, visible
from webapp.billing.models import Customer, Subscription
from webapp.db import session
from webapp.engagements.models import RetainerPeriod
from webapp.money import Money


def stages(payer: Client) -> list[str]:
    return [step.to_stage for step in payer.engagement.stage_changes]


def test_m03_webhook_before_the_browser_begins_it_once_with_one_mail(payer: Client) -> None:
    payer.start()
    assert "Thank you, Ana" in payer.come_back()
    payer.hear()
    assert stages(payer) == ["signed", "onboarding"]
    assert [invoice.status for invoice in invoices()] == ["paid"]
    assert len(payer.mails("Receipt")) == len(payer.mails("Welcome")) == 1


def test_m04_browser_before_the_webhook_syncs_and_the_webhook_adds_nothing(
    payer: Client,
) -> None:
    payer.pay()
    assert "Thank you, Ana" in visible(payer.come_back())
    assert payer.engagement.stage == "onboarding"
    payer.hear()
    assert stages(payer) == ["signed", "onboarding"]
    assert len(payer.mails("Receipt")) == 1


def test_m05_webhook_before_our_own_commit_is_applied_all_the_same(payer: Client) -> None:
    payer.pay()
    [attempt] = checkouts()
    attempt.stripe_id, attempt.url, attempt.state = None, "", "intended"
    session.commit()
    payer.hear()
    assert payer.engagement.stage == "onboarding"
    assert [(row.state, row.stripe_id is not None) for row in checkouts()] == [("complete", True)]


def test_m25_deposit_and_first_month_are_one_invoice_of_two_paid_lines(payer: Client) -> None:
    payer.start()
    [invoice] = invoices()
    assert (invoice.total, invoice.paid) == (Money(600000, "USD"), Money(600000, "USD"))
    charged = {line["text"]: line["minor"] for line in invoice.lines}
    first = payer.engagement.kick_off_on
    last = first + relativedelta(months=1) - timedelta(days=1)
    dates = f"{first.day} {first:%b} – {last.day} {last:%b}"
    assert charged == {f"First month, {dates}": 500000, "Deposit": 100000}


def test_m25_with_a_diagnostic_it_is_one_invoice_of_three_lines(
    begin: Callable[..., Client],
) -> None:
    payer = begin(diagnostic_fee_minor=150000)
    assert "Pay $7,500.00" in visible(payer.browser.get(payer.url("pay")).text)
    payer.start()
    [invoice] = invoices()
    assert (invoice.total, invoice.paid) == (Money(750000, "USD"), Money(750000, "USD"))
    charged = {line["kind"]: line["minor"] for line in invoice.lines}
    assert charged == {"first_month": 500000, "diagnostic": 150000, "deposit": 100000}
    assert "A diagnostic" in visible(payer.browser.get(f"/offerings/{offering_slug(payer)}").text)
    assert "begins with a diagnostic" in payer.engagement.agreements[0].text
    payer.until(payer.renewal() + timedelta(hours=30))
    assert invoices()[-1].total == Money(500000, "USD")


def offering_slug(payer: Client) -> str:
    return payer.engagement.offering.slug


def test_amounts_come_from_the_terms_and_not_from_the_offering_or_the_form(payer: Client) -> None:
    payer.booking.offering.price_minor = 1
    session.commit()
    answer = payer.browser.post(payer.url("pay"), data={"price": "1", "amount": "1"})
    assert answer.status_code == 303
    [opened] = payer.stripe.of("checkout.session", payer.engagement.id)
    assert (opened["amount_total"], opened["currency"]) == (600000, "usd")


def test_retainer_renews_at_local_midnight_a_month_after_the_kickoff(payer: Client) -> None:
    payer.start()
    renews = subscription().renews_at
    assert renews is not None
    engagement = payer.engagement
    assert engagement.local_date(renews) == engagement.kick_off_on + relativedelta(months=1)
    assert engagement.local_date(renews - timedelta(seconds=1)) < engagement.local_date(renews)
    assert [period.number for period in rows(RetainerPeriod)] == [1]


def test_card_on_file_and_customer_are_mirrored(payer: Client) -> None:
    payer.start()
    [customer] = rows(Customer)
    assert (customer.card_brand, customer.card_last4) == ("visa", "4242")
    [theirs] = [one for one in payer.stripe.objects("customer") if one["id"] == customer.stripe_id]
    assert theirs["name"] == "Harbour Foods Ltd"
    assert theirs["address"]["line1"] == "1 Quay Street" and theirs["address"]["country"] == "GB"
    assert theirs["invoice_settings"]["custom_fields"] == [
        {"name": "Purchase order", "value": "PO-77"}
    ]


def test_diagnostic_is_paid_once_with_an_invoice_and_no_subscription(diagnostic: Client) -> None:
    diagnostic.start()
    [invoice] = invoices()
    assert (invoice.total, invoice.status) == (Money(750000, "USD"), "paid")
    assert rows(Subscription) == []
    assert len(diagnostic.mails("Receipt")) == 1


def test_declined_card_leaves_the_session_open_and_a_good_one_pays_it(payer: Client) -> None:
    url = payer.to_checkout()
    assert payer.stripe.pay(url, number=DECLINED).status_code == 402
    payer.hear()
    assert payer.engagement.stage == "signed"
    assert payer.mailbox.subjects == []
    assert payer.stripe.pay(url).status_code == 303
    payer.hear()
    assert payer.engagement.stage == "onboarding"


def test_m32_three_d_secure_abandoned_expires_and_nothing_begins(payer: Client) -> None:
    url = payer.to_checkout()
    assert payer.stripe.pay(url, number=NEEDS_3DS).status_code == 303
    [attempt] = checkouts()
    later = attempt.expires_at + timedelta(seconds=5)
    payer.set_clock(later)
    payer.stripe.advance(later)
    payer.hear()
    assert [row.state for row in checkouts()] == ["expired"]
    assert payer.engagement.stage == "signed"
    assert payer.mails("Welcome") == [] and payer.mails("Receipt") == []
    assert payer.stripe.of("subscription", payer.engagement.id) == [] and invoices() == []
    payer.start()
    assert len(payer.mails("Welcome")) == len(payer.mails("Receipt")) == 1


def test_leaving_checkout_leads_calmly_back_and_on(payer: Client) -> None:
    payer.to_checkout()
    page = visible(payer.browser.get(payer.url("left")).text)
    assert "Nothing was charged" in page and "Pay $6,000.00" in page
    payer.pay()
    payer.hear()
    assert payer.engagement.stage == "onboarding"
    assert failed_jobs() == []


def test_success_page_without_paying_goes_back_to_the_payment(payer: Client) -> None:
    for _ in range(2):
        answer = payer.browser.get(payer.url("done"))
        assert (answer.status_code, answer.headers["Location"]) == (303, payer.url("pay"))
        payer.to_checkout()


def test_no_answer_or_event_of_the_stand_in_strayed_from_stripes_types(payer: Client) -> None:
    payer.start()
    assert payer.stripe.control("violations") == []
