"""The form of a change of plan offers what can be done, and says why of the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import Subscription
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import format_day

SignIn = Callable[[Person], FlaskClient]
NOT_NOW = "Not possible now"


@pytest.fixture
def coordinator(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.COORDINATOR))


def running(kicked_off: int, **values: Any) -> Engagement:
    """Kicked off so many days ago, at 5,000 a month."""
    began = clock.now().date() - timedelta(days=kicked_off)
    made = make.engagement("active", kick_off_on=began, **values)
    now = clock.now()
    make.saved(
        Subscription(engagement=made, stripe_id=f"sub_{made.id.hex}", status="active",
                     price_minor=500000, currency="USD", livemode=False, synced_at=now,
                     renews_at=now + timedelta(days=9))
    )  # fmt: skip
    return made


def page(browser: FlaskClient, engagement: Engagement) -> str:
    session.commit()
    return browser.get(f"/engagements/{engagement.id}/plan").text


def offers(html: str, plan: Offering) -> bool:
    return f'value="{plan.id}"' in html


def test_a_smaller_plan_in_the_minimum_term_is_not_offered_and_says_until_when(
    coordinator: FlaskClient,
) -> None:
    engagement = running(40)
    smaller = make.offering(name="A smaller plan", price_minor=300000)
    bigger = make.offering(name="A bigger plan", price_minor=900000)
    html = page(coordinator, engagement)
    assert offers(html, bigger) and not offers(html, smaller)
    shown = visible(html)
    until = format_day(engagement.minimum_until)
    assert f"{NOT_NOW} A smaller plan The minimum term runs until {until}" in shown


def test_in_the_last_month_of_the_minimum_term_it_is_offered_from_the_next_month_only(
    coordinator: FlaskClient,
) -> None:
    engagement = running(40)
    engagement.terms.minimum_months = 2
    smaller = make.offering(name="A smaller plan", price_minor=300000)
    html = page(coordinator, engagement)
    assert offers(html, smaller) and 'value="now"' not in html
    assert "From the next month only. The minimum term runs until" in visible(html)
    bigger = make.offering(name="A bigger plan", price_minor=900000)
    html = page(coordinator, engagement)
    assert offers(html, smaller) and offers(html, bigger) and 'value="now"' in html


@pytest.mark.parametrize(
    ("stage", "told"),
    [("paused", "it is “Paused” now"), ("ending", "it is “Ending” now")],
)
def test_while_no_plan_can_be_changed_there_is_no_form(
    coordinator: FlaskClient, stage: str, told: str
) -> None:
    engagement = running(40)
    engagement.stage = stage
    make.offering(name="A bigger plan", price_minor=900000)
    html = page(coordinator, engagement)
    assert told in visible(html) and 'name="offering"' not in html
    assert "Back to the engagement" in html


def test_changed_today_there_is_no_form_until_tomorrow(coordinator: FlaskClient) -> None:
    engagement = running(40)
    make.saved(make.terms(engagement, valid_from=engagement.today))
    session.refresh(engagement, ["terms_history"])
    make.offering(name="A bigger plan", price_minor=900000)
    html = page(coordinator, engagement)
    assert "it can be changed again tomorrow" in visible(html) and 'name="offering"' not in html


def test_with_no_monthly_payment_there_is_no_form(coordinator: FlaskClient) -> None:
    engagement = running(40)
    make.offering(name="A bigger plan", price_minor=900000)
    mirror = Subscription.of(engagement)
    assert mirror
    mirror.status = "canceled"
    html = page(coordinator, engagement)
    assert "No monthly payment is running" in visible(html) and 'name="offering"' not in html


def test_what_is_sent_all_the_same_is_refused_with_the_reason(coordinator: FlaskClient) -> None:
    """The form was open since before."""
    engagement = running(40)
    smaller = make.offering(name="A smaller plan", price_minor=300000)
    session.commit()
    typed = {"offering": str(smaller.id), "start": "next"}
    answer = coordinator.post(f"/engagements/{engagement.id}/plan", data=typed)
    assert answer.status_code == 409
    assert "the plan cannot be made smaller" in visible(answer.text)
