"""Paying by invoice: begun at once, invoiced once, whatever is clicked or lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.billing.conftest import Client, checkouts, failed_jobs, invoices, rows, subscription
from tests.billing.test_one_checkout import lose_time
from tests.standin import path_of, visible
from webapp import clock
from webapp.billing.buying import account
from webapp.billing.models import AccountPurchase, Bill, Coupon, InvoiceItem, Subscription
from webapp.billing.owing import deposit
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money


@pytest.fixture
def invoiced(payer: Client) -> Client:
    """A client whose company pays within 30 days."""
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    return payer


def ask(client: Client) -> Any:
    return client.browser.post(client.url("pay/invoice"))


def live(client: Client) -> list[dict[str, Any]]:
    found = client.stripe.of("subscription", client.engagement.id)
    return [one for one in found if one["status"] != "canceled"]


def test_invoice_is_sent_and_the_engagement_begins_at_once_with_no_card(invoiced: Client) -> None:
    page = visible(invoiced.browser.get(invoiced.url("pay")).text)
    assert "Send us the invoice" in page and "within 30 days" in page
    answer = ask(invoiced)
    assert path_of(answer.headers["Location"]) == invoiced.url("done")
    assert invoiced.engagement.stage == "onboarding"
    invoiced.hear()
    [theirs] = live(invoiced)
    assert (theirs["collection_method"], theirs["days_until_due"]) == ("send_invoice", 30)
    [invoice] = invoices()
    assert (invoice.status, invoice.total) == ("open", Money(600000, "USD"))
    assert invoice.due_on == (clock.now() + timedelta(days=30)).date()
    assert {line["kind"] for line in invoice.lines} == {"first_month", "deposit"}
    assert len(invoiced.mails("Welcome")) == 1 and invoiced.mails("Receipt") == []
    thanks = visible(invoiced.come_back())
    assert "Thank you, Ana" in thanks and "payable within 30 days" in thanks
    assert "receipt" not in thanks and "card" not in thanks and "It is paid" not in thanks
    assert failed_jobs() == []


def test_paid_invoice_is_receipted_and_the_next_month_is_invoiced_too(invoiced: Client) -> None:
    ask(invoiced)
    invoiced.hear()
    [invoice] = invoices()
    invoiced.stripe.api("POST", f"invoices/{invoice.stripe_id}/pay", paid_out_of_band="true")
    invoiced.hear()
    assert [row.status for row in invoices()] == ["paid"]
    invoiced.until(invoiced.renewal() + timedelta(hours=30))
    second = invoices()[-1]
    assert (second.status, second.total) == ("open", Money(500000, "USD"))


def test_pressed_ten_times_at_once_it_is_one_subscription_and_one_invoice(
    invoiced: Client,
) -> None:
    address = invoiced.url("pay/invoice")

    def press(_: int) -> int:
        return int(invoiced.app.test_client().post(address).status_code)

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(press, range(10))) <= {303, 503}
    invoiced.hear()
    assert len(live(invoiced)) == len(invoices()) == len(rows(AccountPurchase)) == 1
    assert [row.to_stage for row in invoiced.engagement.stage_changes] == ["signed", "onboarding"]


@pytest.mark.parametrize("kind", ["lost_response", "500", "429", "timeout"])
def test_answer_that_was_lost_leaves_one_subscription(invoiced: Client, kind: str) -> None:
    invoiced.stripe.fault("POST /v1/subscriptions", kind, times=3, seconds=1)
    ask(invoiced)
    for minutes in range(0, 12, 2):
        invoiced.set_clock(clock.now() + timedelta(minutes=minutes))
        invoiced.hear()
    assert rows(AccountPurchase)[0].state == "made", failed_jobs()
    assert len(live(invoiced)) == len(invoices()) == 1


def test_crash_between_stripes_answer_and_our_commit_finds_it_again(invoiced: Client) -> None:
    ask(invoiced)
    account.sell(invoiced.engagement.id)
    session.rollback()
    assert rows(Subscription) == []
    invoiced.set_clock(clock.now() + timedelta(hours=30))
    invoiced.hear()
    assert len(live(invoiced)) == len(rows(Subscription)) == 1
    assert rows(AccountPurchase)[0].state == "made", failed_jobs()


def test_checkout_open_in_another_tab_is_closed(invoiced: Client) -> None:
    url = invoiced.to_checkout()
    ask(invoiced)
    invoiced.hear()
    assert invoiced.stripe.pay(url).status_code == 410
    assert [row.state for row in checkouts()] == ["expired"]
    assert len(live(invoiced)) == 1


def test_checkout_paid_in_another_tab_wins_and_nothing_is_invoiced(invoiced: Client) -> None:
    url = invoiced.to_checkout()
    ask(invoiced)
    assert invoiced.stripe.pay(url).status_code == 303
    invoiced.hear()
    assert [row.state for row in rows(AccountPurchase)] == ["void"]
    assert [row.status for row in invoices()] == ["paid"]
    assert len(live(invoiced)) == 1


def test_diagnostic_is_one_sent_invoice(diagnostic: Client) -> None:
    diagnostic.engagement.company.net_days = 14  # type: ignore[union-attr]
    session.commit()
    ask(diagnostic)
    diagnostic.hear()
    [invoice] = invoices()
    assert (invoice.status, invoice.total) == ("open", Money(750000, "USD"))
    assert rows(Subscription) == []
    assert failed_jobs() == []


def test_diagnostic_on_account_has_the_line_kinds_of_checkout_so_its_deposit_is_one(
    begin: Callable[..., Client],
) -> None:
    client = begin(kind="diagnostic", weeks=3, price_minor=750000, deposit_minor=100000)
    engagement = client.engagement
    assert engagement.company is not None
    engagement.company.net_days = 14
    coupon = Coupon(code="TENTH", percent=10)
    session.add(coupon)
    session.flush()
    coupon.apply(engagement)
    session.commit()
    ask(client)
    client.hear()
    [invoice] = invoices()
    assert [(line["kind"], line["minor"]) for line in invoice.lines] == [
        ("diagnostic", 675000), ("deposit", 100000),
    ]  # fmt: skip
    assert "less code TENTH" in invoice.lines[0]["text"]
    client.stripe.api("POST", f"invoices/{invoice.stripe_id}/pay", paid_out_of_band="true")
    client.hear()
    assert deposit.left_of(client.engagement) == Money(100000, "USD")


def test_only_a_company_with_net_days_has_this_way(payer: Client) -> None:
    assert "Send us the invoice" not in payer.browser.get(payer.url("pay")).text
    assert ask(payer).status_code == 404
    assert payer.engagement.stage == "signed"


def test_stripe_down_while_asking_changes_nothing_for_the_client(invoiced: Client) -> None:
    invoiced.stripe.fault("*", "timeout", times=50, seconds=1)
    assert ask(invoiced).status_code == 303
    assert invoiced.engagement.stage == "onboarding"
    invoiced.stripe.web.delete(f"{invoiced.stripe.base}/_sandbox/faults")
    invoiced.hear()
    assert len(live(invoiced)) == 1
    assert subscription().status == "trialing"


# -- cancelled before the kick-off -----------------------------------------------------------------


def cancelled(client: Client) -> None:
    engagement = client.engagement
    assert engagement.sponsor
    engagement.cancel_before_kickoff(engagement.sponsor, "Plans changed")
    session.commit()


def at_stripe(client: Client) -> list[str]:
    return [one["status"] for one in client.stripe.of("invoice", client.engagement.id)]


def assert_nothing_is_owed(client: Client) -> None:
    """Neither here nor at Stripe, and nobody is chased in the weeks to come."""
    assert set(at_stripe(client)) <= {"void"}
    assert {row.status for row in invoices()} <= {"void"}
    assert live(client) == []
    assert not [row for row in rows(InvoiceItem) if row.state != "void"]
    before = len(client.mailbox.messages)
    client.until(clock.now() + timedelta(days=45), by=timedelta(days=5))
    assert client.mailbox.messages[before:] == []
    assert failed_jobs() == []


def test_cancelled_before_it_was_paid_the_invoice_is_void_and_nobody_is_chased(
    invoiced: Client,
) -> None:
    ask(invoiced)
    invoiced.hear()
    engagement = invoiced.engagement
    InvoiceItem.add(engagement, "one_off", "one_off:test", "Travel", Money(12300, "USD"))
    session.commit()
    invoiced.hear()
    cancelled(invoiced)
    invoiced.hear()
    [mail] = invoiced.mails("engagement is cancelled")
    assert "before anything was paid" in mail
    assert rows(FollowUp) == []
    assert_nothing_is_owed(invoiced)


def test_cancelled_late_before_it_was_paid_a_coordinator_decides_about_the_share_kept(
    invoiced: Client,
) -> None:
    ask(invoiced)
    invoiced.engagement.terms.full_refund_days = 400
    session.commit()
    invoiced.hear()
    cancelled(invoiced)
    invoiced.hear()
    [follow_up] = rows(FollowUp)
    assert "by the policy $3,000.00 of it stays owed" in follow_up.text
    share = Money(300000, "USD")
    invoiced.set_clock(clock.now() + timedelta(minutes=1))
    InvoiceItem.add(invoiced.engagement, "one_off", "one_off:kept", "Cancelled late", share)
    session.commit()
    invoiced.hear()
    assert sorted((row.status, row.total.minor) for row in invoices()) == [
        ("open", 300000), ("void", 600000),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["lost_response", "500"])
def test_cancelled_before_stripes_answer_was_kept_nothing_is_left_there(
    invoiced: Client, kind: str
) -> None:
    invoiced.stripe.fault("POST /v1/subscriptions", kind, times=3)
    ask(invoiced)
    invoiced.drain()
    cancelled(invoiced)
    for minutes in range(0, 12, 2):
        invoiced.set_clock(clock.now() + timedelta(minutes=minutes))
        invoiced.hear()
    assert [row.state for row in rows(AccountPurchase)] == ["void"]
    assert_nothing_is_owed(invoiced)


@pytest.mark.parametrize("heard", [True, False])
def test_cancelled_diagnostic_on_account_is_not_owed(diagnostic: Client, heard: bool) -> None:
    diagnostic.engagement.company.net_days = 14  # type: ignore[union-attr]
    session.commit()
    if not heard:
        diagnostic.stripe.fault("POST /v1/invoices", "lost_response", times=3)
    ask(diagnostic)
    diagnostic.drain()
    cancelled(diagnostic)
    for minutes in range(0, 12, 2):
        diagnostic.set_clock(clock.now() + timedelta(minutes=minutes))
        diagnostic.hear()
    assert [row.state for row in rows(Bill)] == ["issued" if heard else "void"]
    assert_nothing_is_owed(diagnostic)


def test_invoice_open_when_the_booking_is_lost_is_void(payer: Client) -> None:
    payer.pay()
    payer.stripe.deliver()
    customer = payer.stripe.of("subscription", payer.engagement.id)[0]["customer"]
    named = {"metadata[engagement]": str(payer.engagement.id)}
    draft = payer.stripe.api("POST", "invoices", customer=customer, **named)
    payer.stripe.api("POST", "invoiceitems", customer=customer, invoice=draft["id"], amount=700,
                     currency="usd")  # fmt: skip
    lose_time(payer)
    payer.stripe.api("POST", f"invoices/{draft['id']}/finalize")
    payer.hear()
    assert payer.engagement.stage == "lost"
    assert at_stripe(payer) == ["void"]
    assert sorted(row.status for row in invoices()) == ["paid", "void"]
