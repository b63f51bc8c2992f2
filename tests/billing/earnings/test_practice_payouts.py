"""What the firm sees of its consultants' shares, and decides about them."""

from __future__ import annotations

import re
import uuid

import pytest

from tests import make
from tests.billing.conftest import rows
from tests.billing.earnings.conftest import (
    SignIn,
    engaged,
    invoice_of,
)
from tests.standin import path_of, visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.models import Transfer
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment


def test_firm_sees_every_consultant_and_what_waits_and_looking_is_written_down(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice_of(engagement)
    browser = sign_in(owner)
    page = visible(browser.get("/practice/payouts").text)
    assert consultant.name in page and "not set up" in page and "$2,000.00" in page
    one = visible(browser.get(f"/practice/payouts/{consultant.id}").text)
    assert "40%" in one and engagement.company and engagement.company.name in one
    month = f"{clock.now():%Y-%m}"
    url = f"/practice/payouts/{consultant.id}/months/{month}"
    assert "Owed to them" in visible(browser.get(url).text)
    assert browser.get(f"{url}.csv").status_code == 200
    actions = {row.action for row in rows(AuditEvent)}
    assert {"earnings.looked_at", "statement.looked_at", "statement.downloaded"} <= actions


def test_no_consultants_yet(owner: Person, sign_in: SignIn) -> None:
    page = visible(sign_in(owner).get("/practice/payouts").text)
    assert "Nobody to pay yet" in page and "Everything that was earned is sent." in page


def test_unknown_consultant_is_not_found(owner: Person, sign_in: SignIn) -> None:
    browser = sign_in(owner)
    for url in ("", "/usual-share", "/months/2026-01", "/months/2026-01.csv"):
        assert browser.get(f"/practice/payouts/{uuid.uuid4()}{url}").status_code == 404


@pytest.mark.parametrize("role", [Role.CONSULTANT, Role.FINANCE])
def test_shares_are_set_by_coordinators_and_owners_alone(
    consultant: Consultant, sign_in: SignIn, role: Role
) -> None:
    engagement = engaged(consultant)
    browser = sign_in(make.person(role) if role is Role.FINANCE else consultant.person)
    urls = (f"/practice/engagements/{engagement.id}/shares",
            f"/practice/payouts/{consultant.id}/usual-share")  # fmt: skip
    for url in urls:
        assert browser.get(url).status_code == browser.post(url).status_code == 403


def test_shares_of_a_team_are_set_with_a_reason_and_written_down(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    second = make.saved(
        Assignment(engagement=engagement, consultant=make.consultant(), leads=False)
    )
    [lead, other] = [row.id for row in (engagement.assignments[0], second)]
    browser, url = sign_in(owner), f"/practice/engagements/{engagement.id}/shares"
    assert 'value="40"' in browser.get(url).text
    typed = {f"share-{lead}": "60", f"share-{other}": "41", "reason": "Agreed in June"}
    refused = browser.post(url, data=typed)
    assert refused.status_code == 422
    assert "Together they may be 100 at most." in visible(refused.text)
    assert 'value="41"' in refused.text and "Agreed in June" in refused.text
    good = typed | {f"share-{other}": "40"}
    assert browser.post(url, data=good).status_code == 303
    found = {row.id: row.share_percent for row in rows(Assignment)}
    assert (found[lead], found[other]) == (60, 40)
    [event] = [row for row in rows(AuditEvent) if row.action == "engagement.shares_set"]
    assert event.detail["reason"] == "Agreed in June" and event.actor == owner.email


@pytest.mark.parametrize("typed", ["", "-1", "101", "4.5", "½", "nan", "1000", "٤٠"])
def test_no_percentage(consultant: Consultant, owner: Person, sign_in: SignIn, typed: str) -> None:
    engagement = engaged(consultant)
    [row] = engagement.assignments
    url = f"/practice/engagements/{engagement.id}/shares"
    answer = sign_in(owner).post(url, data={f"share-{row.id}": typed, "reason": "x"})
    assert answer.status_code == 422 and "A whole number from 0 to 100." in answer.text
    assert [one.share_percent for one in rows(Assignment)] == [40]


def test_shares_need_a_reason(consultant: Consultant, owner: Person, sign_in: SignIn) -> None:
    engagement = engaged(consultant)
    [row] = engagement.assignments
    url = f"/practice/engagements/{engagement.id}/shares"
    answer = sign_in(owner).post(url, data={f"share-{row.id}": "50", "reason": ""})
    assert answer.status_code == 422 and "Say why." in visible(answer.text)


def test_usual_share_is_taken_over_by_the_next_engagement(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    browser, url = sign_in(owner), f"/practice/payouts/{consultant.id}/usual-share"
    assert browser.post(url, data={"share_percent": "120"}).status_code == 422
    assert browser.post(url, data={"share_percent": "35"}).status_code == 303
    held = make.hold(make.offering(), session.get_one(Consultant, consultant.id))
    assert [row.share_percent for row in Assignment.each_of(held)] == [35]


def test_share_of_an_invoice_paid_outside_stripe_is_paid_by_the_firm_by_hand(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice = invoice_of(engagement, out_of_band=True)
    [row] = Transfer.of(invoice.id)
    assert (row.state, row.reason) == ("held", "outside")
    browser = sign_in(owner)
    [url] = set(re.findall(r'href="([^"]*paid-outside)"', browser.get("/practice/payouts").text))
    assert "$2,000.00" in visible(browser.get(path_of(url)).text)
    assert browser.post(path_of(url)).status_code == 303
    [row] = rows(Transfer)
    assert (row.state, row.outside, row.amount_minor) == ("sent", True, 200000)
    assert browser.post(path_of(url)).status_code == 409
    refused = sign_in(make.person(Role.COORDINATOR)).post(path_of(url))
    assert refused.status_code == 403
