"""The money page: right sums by currency and age, traced invoices, and a constant cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.counting import counting
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books.overview import overview
from webapp.billing.buying.order import midnight, month_days
from webapp.billing.models import Alert, Invoice, Payment, Refund, StripeEvent, Subscription
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod
from webapp.money import Money
from webapp.notifications.models import EmailMessage
from webapp.web import firm_zone

SignIn = Callable[[Person], FlaskClient]
serial = itertools.count(1)


@pytest.fixture
def finance(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.FINANCE))


def invoice(engagement: Engagement, **values: Any) -> Invoice:
    number = next(serial)
    total = values.pop("total_minor", 500000)
    paid = total if values.get("status", "paid") == "paid" else 0
    defaults = {
        "engagement": engagement, "stripe_id": f"in_{number}", "number": f"RH-{number:04}",
        "status": "paid", "currency": "USD", "total_minor": total, "subtotal_minor": total,
        "paid_minor": paid, "due_minor": total - paid, "livemode": False,
        "issued_at": clock.now(), "paid_at": clock.now() if paid else None,
        "synced_at": clock.now(), "attempts": 0,
        "lines": [{"text": "COO, one month", "minor": total, "tax": 0, "kind": "retainer",
                   "item": None, "starts": clock.now().isoformat(),
                   "ends": (clock.now() + timedelta(days=30)).isoformat()}],
    }  # fmt: skip
    return make.saved(Invoice(**(defaults | values)))  # type: ignore[no-any-return]


def late(engagement: Engagement, days: int, **values: Any) -> Invoice:
    """Issued so many days ago, and its charge failed."""
    issued = clock.now() - timedelta(days=days)
    return invoice(engagement, status="open", attempts=1, issued_at=issued, **values)


def test_sums_stand_apart_by_currency_and_age(app: object) -> None:
    engagement = make.engagement("active")
    for days, minor in ((2, 1), (30, 2), (45, 4), (75, 8), (300, 16)):
        late(engagement, days, total_minor=minor * 100)
    invoice(engagement, status="open", total_minor=3200, currency="EUR")
    overdue = clock.now().date() - timedelta(days=3)
    invoice(engagement, status="open", collection="invoice", due_on=overdue, total_minor=6400)
    invoice(engagement, total_minor=12800)
    invoice(engagement, total_minor=9, paid_at=clock.now() - timedelta(days=40))
    invoice(engagement, status="void", total_minor=10)
    books = overview(firm_zone())
    euro, dollar = books.lines
    assert (euro.currency, euro.due.amount, euro.late.count) == ("EUR", Money(3200, "EUR"), 0)
    assert [one.amount.minor for one in dollar.overdue] == [6500, 600, 800, 1600]
    assert dollar.late.amount.minor == 6400 + 3100
    assert (dollar.due.count, dollar.paid.amount.minor, dollar.paid.count) == (0, 12800, 1)


def test_what_is_coming_and_what_went_back(app: object) -> None:
    for days, over in ((5, {}), (40, {}), (6, {"cancel_at_period_end": True}),
                       (7, {"status": "canceled"})):  # fmt: skip
        made = make.engagement("active")
        values = {"status": "active", "price_minor": 500000, "currency": "USD", "livemode": False}
        at = {"renews_at": clock.now() + timedelta(days=days), "synced_at": clock.now()}
        make.saved(Subscription(engagement=made, stripe_id=f"sub_{days}", **(values | at | over)))
    paid = invoice(make.engagement("active"))
    for state, minor in (("succeeded", 700), ("failed", 5)):
        make.saved(Refund(invoice=paid, idempotency_key=state, amount_minor=minor, currency="USD",
                          reason="cancelled", state=state))  # fmt: skip
    [line] = overview(firm_zone()).lines
    assert (line.upcoming.count, line.upcoming.amount) == (1, Money(500000, "USD"))
    assert line.returned.amount == Money(700, "USD")


@pytest.mark.parametrize("page", ["", "/invoices"])
def test_pages_cost_the_same_for_one_or_many(finance: FlaskClient, page: str) -> None:
    def look() -> int:
        session.commit()
        with counting() as asked:
            assert finance.get(f"/practice/money{page}").status_code == 200
        return len(asked)

    invoice(make.engagement("active"))
    look()
    one = look()
    for _ in range(12):
        late(make.engagement("active"), 40)
    assert look() == one


def test_empty_pages_are_calm(finance: FlaskClient) -> None:
    assert "No money yet" in finance.get("/practice/money").text
    assert "No invoice here" in finance.get("/practice/money/invoices").text
    assert "Not compared yet" in finance.get("/practice/money/reconciliation").text
    assert finance.get("/practice/money/export").status_code == 200


@pytest.mark.parametrize("role", [Role.CONSULTANT, Role.SPONSOR, Role.BILLING])
@pytest.mark.parametrize("page", ["", "/invoices", "/reconciliation", "/export"])
def test_others_are_refused(app: object, sign_in: SignIn, role: Role, page: str) -> None:
    company = None if role == Role.CONSULTANT else make.company()
    stranger = sign_in(make.person(role, company=company))
    assert stranger.get(f"/practice/money{page}").status_code == 403


def test_invoices_are_narrowed_by_state_client_month_and_currency(finance: FlaskClient) -> None:
    acme = make.engagement("active", company=make.company(name="Acme Ltd"))
    other = make.engagement("active", company=make.company(name="Other Ltd"))
    paid, open_one = invoice(acme), invoice(other, status="open", currency="EUR")
    overdue = late(other, 70)
    numbers = {one: one.number for one in (paid, open_one, overdue)}
    month = f"{overdue.issued_at:%Y-%m}"
    for query, shown in (
        ("state=paid", {paid}), ("state=overdue", {overdue}), ("state=open", {open_one}),
        ("q=acme", {paid}), ("currency=EUR", {open_one}), (f"month={month}", {overdue}),
        ("", {paid, open_one, overdue}), ("q=nobody", set()),
    ):  # fmt: skip
        page = finance.get(f"/practice/money/invoices?{query}").text
        assert {one for one, number in numbers.items() if number in page} == shown, query
    wrong = finance.get("/practice/money/invoices?month=soon")
    assert wrong.status_code == 422 and "Write the month as 2026-11." in wrong.text


def test_an_invoice_is_traced_to_its_terms_money_mails_and_events(finance: FlaskClient) -> None:
    made = invoice(make.engagement("active"))
    make.saved(
        Payment(invoice=made, stripe_id="ch_1", payment_intent="pi_1", method="card", last4="4242",
                amount_minor=500000, currency="USD", fee_minor=14530, net_minor=485470,
                settled_currency="USD", paid_at=clock.now(), livemode=False, synced_at=clock.now()),
        EmailMessage(kind="receipt", about=f"invoice:{made.id}", state="sent", text="Thank you",
                     recipient="client@example.com", recipient_name="A Client", html="<p>Hi</p>",
                     message_id="<1@example.com>", subject="Receipt for you", occurrence="",
                     created_at=clock.now()),
        StripeEvent(id="evt_1", type="invoice.paid", api_version="v", livemode=False,
                    about=made.stripe_id, payload={"data": {"object": {"id": made.stripe_id}}}),
    )  # fmt: skip
    page = finance.get(f"/practice/money/invoices/{made.id}").text
    seen = visible(page)
    assert "Terms of" in seen and "COO, four days a month" in seen
    assert "ending 4242" in seen and "$145.30" in seen and "ch_1" in seen
    assert "Receipt for you" in seen and "/practice/stripe-events/evt_1" in page
    assert f"https://dashboard.stripe.com/test/invoices/{made.stripe_id}" in page
    made.livemode = True
    page = finance.get(f"/practice/money/invoices/{made.id}").text
    assert f"https://dashboard.stripe.com/invoices/{made.stripe_id}" in page


def test_an_invoice_names_its_client_its_whole_month_and_why_money_went_back(
    finance: FlaskClient,
) -> None:
    engagement = make.engagement("active")
    first = RetainerPeriod.nth(engagement.id, engagement.kick_off_on, 1)
    first.ends -= timedelta(days=9)  # a pause cut it
    engagement.periods.append(first)
    starts = midnight(engagement.kick_off_on, engagement.time_zone)
    line = {"text": "COO", "minor": 500000, "tax": 0, "kind": "retainer", "item": None,
            "starts": starts.isoformat(), "ends": starts.isoformat()}  # fmt: skip
    made = invoice(engagement, lines=[line])
    make.saved(Refund(
        invoice=made, amount_minor=9900, currency="USD", reason="requested", state="succeeded",
        note="A visit fell away", by="Yuki Tanabe", idempotency_key="k", created_at=clock.now(),
    ))  # fmt: skip
    page = finance.get(f"/practice/money/invoices/{made.id}").text
    seen = visible(page)
    assert engagement.company is not None
    assert f'/practice/companies/{engagement.company.id}">{engagement.company.name}</a>' in page
    assert f"1: {month_days(engagement, 1)}" in seen
    assert "Refund: decided by Yuki Tanabe: A visit fell away" in seen


def test_the_list_and_the_invoice_tell_its_day_by_the_same_clock(
    app: object, sign_in: SignIn
) -> None:
    """The reader's, as everywhere else."""
    reader = make.person(Role.FINANCE, time_zone="America/Chicago")
    made = invoice(make.engagement("active"), issued_at=datetime(2026, 11, 8, 5, tzinfo=UTC))
    browser = sign_in(reader)
    assert "7 November 2026" in visible(browser.get("/practice/money/invoices").text)
    assert "7 November 2026" in visible(browser.get(f"/practice/money/invoices/{made.id}").text)


def test_unknown_invoice_is_404(finance: FlaskClient) -> None:
    unknown = "00000000-0000-0000-0000-000000000001"
    assert finance.get(f"/practice/money/invoices/{unknown}").status_code == 404


def test_an_alert_is_shown_until_a_keeper_has_seen_to_it(
    finance: FlaskClient, sign_in: SignIn
) -> None:
    for _ in range(2):
        Alert.sound("key_reused", "the key refund:1", "request req_1")
    [alert] = Alert.unsettled()
    url = f"/practice/money/alerts/{alert.id}/settle"
    coordinator = sign_in(make.person(Role.COORDINATOR))
    shown = coordinator.get("/practice/money").text
    assert "nothing was charged" in shown and "Seen to" not in shown
    assert coordinator.post(url).status_code == 403
    assert "Seen to" in finance.get("/practice/money").text
    assert finance.post(url).status_code == 303
    assert "the key refund:1" not in finance.get("/practice/money").text
    assert finance.post(url.replace(str(alert.id), str(make.company().id))).status_code == 404
