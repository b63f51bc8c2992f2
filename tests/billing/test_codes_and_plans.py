"""A code used at booking, and another plan later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import bigger, confirmed, firm, pass_time, under_way
from tests.billing.conftest import Client, invoices
from tests.standin import visible
from webapp.accounts.models import Person
from webapp.billing.models import Coupon
from webapp.db import session
from webapp.money import Money

HOURS = timedelta(hours=3)


@pytest.mark.parametrize(("months", "kept"), [(1, False), (2, True), (None, True)])
def test_code_goes_on_with_another_plan_only_where_it_still_runs(
    payer: Client, months: int | None, kept: bool
) -> None:
    offered = bigger(payer.engagement)
    session.add(Coupon(code="HELLO20", percent=20, months=months))
    session.commit()
    payer.browser.post(payer.url("code"), data={"code": "HELLO20"})
    engagement = under_way(payer)
    by, offered = firm(), session.merge(offered)
    confirmed(engagement, offered, engagement.month_after(engagement.today), by)
    payer.hear()
    planned = payer.engagement.planned_terms
    assert planned is not None
    assert (planned.coupon_code, planned.discount_percent) == (("HELLO20", 20) if kept else ("", 0))
    off = Money(140000, "USD") if kept else Money(0, "USD")
    assert planned.monthly_discount == off
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(700000, "USD") - off


def test_plan_offered_after_the_code_was_made_is_not_reduced_and_that_is_said_before(
    payer: Client, sign_in: Callable[[Person], FlaskClient]
) -> None:
    session.add(Coupon(code="HELLO20", percent=20))
    session.commit()
    payer.browser.post(payer.url("code"), data={"code": "HELLO20"})
    engagement = under_way(payer)
    offered, by = bigger(engagement), firm()
    address = f"/engagements/{engagement.id}/plan"
    browser = sign_in(by)
    shown = browser.post(address, data={"offering": offered.id, "start": "next"})
    page = visible(browser.get(shown.location).text)
    assert "Code HELLO20 was made before this plan was offered" in page and "$7,000.00" in page
    assert browser.post(shown.location, data={"reason": "More work"}).status_code == 303
    payer.hear()
    planned = payer.engagement.planned_terms
    assert planned is not None and planned.coupon_code == ""
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(700000, "USD")
