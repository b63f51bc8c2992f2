"""Going about the editor of a series' rule, as a person does."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.reviews.conftest import booking_of, reviews
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.reviews.models import ReviewSeries

LAST_FRIDAY = {
    "kind": "nth_weekday", "nth": "-1", "weekday": "4", "at": "10:00",
    "time_zone": "America/New_York",
}  # fmt: skip


def address(engagement: Engagement, what: str = "") -> str:
    return f"/engagements/{engagement.id}/reviews{what}"


def consultant_of(engagement: Engagement) -> Person:
    return engagement.lead.person


def sponsor_of(engagement: Engagement) -> Person:
    assert engagement.sponsor is not None
    return engagement.sponsor


def looked_at(browser: FlaskClient, engagement: Engagement, **rule: str) -> dict[str, str]:
    """What the page that shows a rule would send to save it."""
    page = browser.get(address(engagement, "/rule"), query_string=LAST_FRIDAY | rule)
    assert page.status_code == 200, page.text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def save(browser: FlaskClient, engagement: Engagement, **rule: str) -> int:
    sent = looked_at(browser, engagement, **rule)
    return browser.post(address(engagement, "/rule"), data=sent).status_code


def starts(engagement: Engagement) -> list[str]:
    return [f"{booking_of(review).starts_at:%m-%d %H:%M}" for review in reviews(engagement)]


def rule_of(engagement: Engagement) -> dict[str, object]:
    session.rollback()
    found = ReviewSeries.of(engagement.id)
    assert found is not None
    return found.rule
