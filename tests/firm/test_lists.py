"""What the back office's lists show unasked, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from webapp import audit, outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session
from webapp.firm.wording import engagement_of, subject_words, told

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def coordinator(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.COORDINATOR))


def test_unfinished_bookings_stand_apart(coordinator: FlaskClient) -> None:
    make.engagement("enquiry", company=make.company(name="Halfway Ltd"))
    make.engagement("onboarding", company=make.company(name="Started Ltd"))
    unasked, enquiries, every = (
        coordinator.get(f"/practice{query}").text
        for query in ("", "?state=enquiry", "?state=every")
    )
    assert "Started Ltd" in unasked and "Halfway Ltd" not in unasked
    assert "Started Ltd" not in enquiries and "Halfway Ltd" in enquiries
    assert "Started Ltd" in every and "Halfway Ltd" in every
    assert ">Onboarding<" in unasked


def test_what_is_signed_and_not_paid_says_so(coordinator: FlaskClient) -> None:
    make.engagement("onboarding")
    assert ">unpaid<" not in coordinator.get("/practice").text
    make.engagement("signed")
    assert ">unpaid<" in coordinator.get("/practice").text


def test_the_audit_leads_to_the_engagement_and_tells_times(coordinator: FlaskClient) -> None:
    engagement = make.engagement("onboarding")
    audit.record("meeting.moved", engagement, starts_at="2026-12-03T15:00:00+00:00")
    session.flush()
    shown = coordinator.get("/practice/audit").text
    assert f'href="/engagements/{engagement.id}"' in shown
    assert "2026-12-03T15" not in shown and "3 December 2026" in shown


def test_jobs_are_named_in_words(coordinator: FlaskClient) -> None:
    outbox.enqueue("billing.settle_cancellation", "a")
    assert "billing: settle cancellation" in coordinator.get("/practice/jobs").text


def test_an_offering_without_a_deposit_shows_none(coordinator: FlaskClient) -> None:
    make.offering(deposit_minor=0)
    assert "$0.00" not in coordinator.get("/practice/offerings").text


def test_what_is_not_a_subject_or_an_instant_stays_as_it_is() -> None:
    assert engagement_of("engagement:guessed") is engagement_of("someone@x.example") is None
    assert subject_words("date_override:7") == "date override 7"
    assert subject_words("https://x.example") != "" and subject_words("plain") == "plain"
    assert told("2026-12-03", "UTC") == "2026-12-03" and told(7, "UTC") == "7"
    assert told("2026-12-03T15:00:00", "UTC") == "2026-12-03T15:00:00"
