"""The nightly comparison: every difference is found, mended by mirroring, and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests import make
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books import comparison_run
from webapp.billing.books.comparing import COMPARED
from webapp.billing.calls import listing
from webapp.billing.models import (
    Alert,
    Customer,
    Drift,
    Invoice,
    Payment,
    Reconciliation,
    Subscription,
)
from webapp.db import session, transaction
from webapp.web import firm_zone

SignIn = Callable[[Person], FlaskClient]


def compare(payer: Client) -> Reconciliation:
    """One whole comparison, with its mending."""

    def begin() -> None:
        with payer.app.app_context(), transaction():
            comparison_run.begin()

    elsewhere(begin)
    payer.drain()
    payer.set_clock(clock.now() + timedelta(minutes=20))
    payer.drain()
    session.rollback()
    run = Reconciliation.latest()
    assert run is not None and run.finished_at, failed_jobs()
    return run


def found() -> set[tuple[str, str, str]]:
    return {(one.noun, one.field, one.how) for one in rows(Drift)}


def spoil(model: Any, **values: Any) -> None:
    """Our mirror is wrong, as after webhooks that never came."""
    session.execute(update(model).values(**values))
    session.commit()


def test_books_that_agree_have_no_drift_and_every_noun_was_looked_at(payer: Client) -> None:
    payer.start()
    run = compare(payer)
    assert rows(Drift) == [] and rows(Alert) == []
    assert set(run.looked) == {one.label for one in COMPARED}
    assert run.looked["Subscriptions"] == run.looked["Invoices"] == run.looked["Payments"] == 1


LONG_AGO = datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC"))
WRONG: dict[Any, dict[str, Any]] = {
    Subscription: {
        "status": "past_due", "price_minor": 1, "cancel_at_period_end": True,
        "renews_at": LONG_AGO, "cancels_at": LONG_AGO,
    },
    Invoice: {"status": "open", "paid_minor": 0, "total_minor": 7, "due_minor": 7, "number": "X"},
    Payment: {"refunded_minor": 7, "amount_minor": 7, "disputed": True},
}  # fmt: skip


def test_what_differs_is_found_field_by_field_and_mended_by_reading_anew(payer: Client) -> None:
    payer.start()
    right = {
        (model, name): getattr(rows(model)[0], name)
        for model, wrong in WRONG.items()
        for name in wrong
    }
    for model, wrong in WRONG.items():
        spoil(model, **wrong)
    before = len(payer.stripe.control("calls"))
    compare(payer)
    for (model, name), value in right.items():
        assert getattr(rows(model)[0], name) == value, name
    assert {one.field for one in rows(Drift)} == {name for _, name in right}
    assert {one.how for one in rows(Drift)} == {"read_anew"}
    assert all(one.ours != one.theirs for one in rows(Drift))
    assert rows(Alert) == []
    asked = {f"{call['method']} {call['path']}" for call in payer.stripe.control("calls")[before:]}
    asking = ("GET", "POST /v1/invoices/create_preview")
    assert [one for one in asked if not one.startswith(asking)] == []  # Stripe is only read


def test_invoice_stripe_has_and_we_lack_is_taken_over_with_its_receipt(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() - timedelta(hours=1), by=timedelta(days=31))
    before = {invoice.stripe_id for invoice in invoices()}
    payer.stripe.control("switches", drop=1)
    payer.set_clock(payer.renewal() + timedelta(hours=3))
    payer.stripe.advance(clock.now())
    compare(payer)
    [new] = {invoice.stripe_id for invoice in invoices()} - before
    assert ("invoice", "existence", "read_anew") in found()
    assert {one.how for one in rows(Drift)} == {"read_anew"}
    assert {one.status for one in invoices()} == {"paid"}
    assert len(payer.mails("Receipt")) == 2
    again = compare(payer)
    assert again.finished_at and all(one.mended_at for one in rows(Drift)), new


def test_object_of_ours_that_stripe_does_not_have_stays_open_and_alerts_the_keepers(
    payer: Client,
) -> None:
    payer.start()
    owner = make.person(Role.OWNER)
    spoil(Subscription, stripe_id="sub_never_made", synced_at=clock.now() - timedelta(days=3))
    compare(payer)
    open_ones = {(one.stripe_id, one.field) for one in rows(Drift) if one.mended_at is None}
    assert ("sub_never_made", "existence") in open_ones
    assert [alert.kind for alert in rows(Alert)] == ["drift"]
    elsewhere(payer.plan)
    payer.drain()
    assert owner.email in payer.mails("books and stripe")[0]


def test_what_stays_open_is_one_row_however_often_it_is_found(payer: Client) -> None:
    payer.start()
    spoil(Subscription, stripe_id="sub_never_made", synced_at=clock.now() - timedelta(days=3))
    for _ in range(3):
        compare(payer)
    assert len([one for one in rows(Drift) if one.stripe_id == "sub_never_made"]) == 1


def test_subscription_that_outlived_its_engagement_is_ended_since_the_terms_say_so(
    payer: Client,
) -> None:
    engagement = payer.start()
    engagement.stage = "ended"
    session.commit()
    compare(payer)
    assert subscription().over
    theirs = payer.stripe.objects("subscription", id=subscription().stripe_id)
    assert [one["status"] for one in theirs] == ["canceled"]
    assert ("customer.subscription", comparison_run.SHOULD_END, "") in found()
    compare(payer)
    assert ("customer.subscription", comparison_run.SHOULD_END, "commanded") in found()


def test_what_others_use_the_stripe_account_for_is_passed_by(payer: Client) -> None:
    payer.start()
    other = payer.stripe.api("POST", "customers", name="Somebody else")
    payer.stripe.api("POST", "invoiceitems", customer=other["id"], amount=100, currency="usd")
    made = payer.stripe.api("POST", "invoices", customer=other["id"])
    payer.stripe.api("POST", f"invoices/{made['id']}/finalize")
    compare(payer)
    assert rows(Drift) == []


def test_pages_follow_each_other_to_the_end_one_question_at_a_time(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 1)
    payer.start()
    payer.until(payer.renewal() + timedelta(hours=2), by=timedelta(days=31))
    run = compare(payer)
    assert run.looked["Invoices"] == 2
    assert run.pages > len(COMPARED)
    assert rows(Drift) == []


def test_night_after_night_once_each(payer: Client) -> None:
    payer.left_out = frozenset()
    payer.start()
    zone = ZoneInfo(firm_zone())
    midnight = (clock.now().astimezone(zone) + timedelta(days=1)).replace(hour=0, minute=5)
    payer.set_clock(midnight)
    elsewhere(payer.plan)
    payer.drain()
    assert rows(Reconciliation) == []
    payer.set_clock(midnight + timedelta(hours=4))
    for _ in range(5):
        elsewhere(payer.plan)
        payer.drain()
    assert len(rows(Reconciliation)) == 1
    payer.set_clock(midnight + timedelta(hours=28))
    elsewhere(payer.plan)
    payer.drain()
    assert len(rows(Reconciliation)) == 2


def test_nothing_is_compared_while_nobody_has_paid(payer: Client) -> None:
    payer.set_clock(clock.now() + timedelta(days=1))
    elsewhere(payer.plan)
    payer.drain()
    assert rows(Reconciliation) == []


def test_what_agreed_need_not_be_read_for_a_day(payer: Client) -> None:
    payer.start()
    spoil(Subscription, synced_at=clock.now() - timedelta(days=2))
    spoil(Customer, synced_at=clock.now() - timedelta(days=2))
    compare(payer)
    assert subscription().synced_at > clock.now() - timedelta(hours=1)


def test_run_now_shows_its_progress_and_who_asked(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    finance = sign_in(make.person(Role.FINANCE, name="Fina Nance"))
    assert "Not compared yet" in finance.get("/practice/money/reconciliation").text
    for _ in range(2):
        assert finance.post("/practice/money/reconciliation/run").status_code == 303
    under_way = finance.get("/practice/money/reconciliation").text
    assert "under way" in under_way and 'hx-trigger="load delay:3s"' in under_way
    assert "Compare now" not in under_way
    payer.drain()
    done = finance.get("/practice/money/reconciliation").text
    assert "asked by Fina Nance" in done and "Compare now" in done and "hx-trigger" not in done
    assert len(rows(Reconciliation)) == 1


def test_drift_is_shown_and_put_aside_by_a_keeper_alone(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    spoil(Subscription, stripe_id="sub_never_made", synced_at=clock.now() - timedelta(days=3))
    compare(payer)
    coordinator = sign_in(make.person(Role.COORDINATOR))
    page = coordinator.get("/practice/money/reconciliation").text
    assert "sub_never_made" in page and "Compare now" not in page
    [drift] = [one for one in rows(Drift) if one.stripe_id == "sub_never_made"]
    settle = f"/practice/money/reconciliation/{drift.id}/settle"
    assert coordinator.post(settle).status_code == 403
    assert coordinator.post("/practice/money/reconciliation/run").status_code == 403
    owner = sign_in(make.person(Role.OWNER))
    assert owner.post(settle).status_code == 303
    assert "sub_never_made" not in owner.get("/practice/money/reconciliation").text
    assert "seen to by a person" in owner.get("/practice/money/reconciliation?state=all").text
