"""Pages of changes: who may do what, bad input, and two people at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.billing.changing import bigger, confirmed, firm, items, under_way
from tests.billing.conftest import Client, invoices, rows
from tests.elsewhere import elsewhere
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.changing import quoting
from webapp.billing.changing.quoting import QuoteStale
from webapp.billing.models import Quote
from webapp.db import session
from webapp.engagements.models import (
    ChangeRefused,
    ChangeRequest,
    Engagement,
    FollowUp,
    Pause,
    TermsChange,
)
from webapp.web import format_day

SignIn = Callable[[Person], FlaskClient]


def path(engagement: Engagement, page: str) -> str:
    return f"/engagements/{engagement.id}/{page}"


def test_coordinator_changes_the_plan_after_seeing_what_it_costs(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = under_way(payer, days=10)
    offered, coordinator = bigger(engagement), firm()
    browser = sign_in(coordinator)
    assert "Change the plan" in browser.get(f"/engagements/{engagement.id}").text
    answer = browser.post(path(engagement, "plan"), data={"offering": offered.id, "start": "now"})
    assert answer.status_code == 303
    shown = browser.get(answer.location)
    [quote] = rows(Quote)
    assert quote.total.format() in visible(shown.text)
    assert "$7,000.00" in visible(shown.text)
    assert "$1,000.00" in visible(shown.text)
    assert "that we hold stays as it is" in visible(shown.text)
    assert rows(TermsChange) == []
    refused = browser.post(answer.location, data={"reason": ""})
    assert refused.status_code == 422 and "Say why" in refused.text
    done = browser.post(answer.location, data={"reason": "More sites"})
    assert done.status_code == 303
    assert browser.post(answer.location, data={"reason": "Twice"}).status_code == 303
    assert [row.kind for row in rows(TermsChange)] == ["upgrade"]
    assert len(items()) == 1
    payer.hear()
    page = visible(browser.get(f"/engagements/{engagement.id}").text)
    assert "Plan enlarged" in page and "More sites" in page
    told = payer.mails("Your plan changes on")
    assert len(told) == 1 and quote.amount.format() in told[0]
    [team] = payer.mails("Another plan from")
    assert "$" not in team


def test_sponsor_asks_and_the_coordinator_accepts_or_declines(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = under_way(payer)
    offered, coordinator = bigger(engagement), firm()
    assert engagement.sponsor is not None
    sponsor = sign_in(engagement.sponsor)
    asked = sponsor.post(path(engagement, "plan"), data={"offering": offered.id, "start": "next"})
    assert sponsor.post(asked.location, data={"reason": "We grow"}).status_code == 303
    assert rows(TermsChange) == []
    starts = engagement.today + timedelta(days=20)
    dates = {"starts": starts, "ends": starts + timedelta(days=9), "reason": "Holidays"}
    looked = sponsor.post(path(engagement, "pause"), data=dates)
    assert looked.status_code == 200 and "Ask for this pause" in looked.text
    assert sponsor.post(path(engagement, "pause"), data=dates | {"confirmed": "yes"}).location
    assert rows(Pause) == []
    theirs = visible(sponsor.get(f"/engagements/{engagement.id}").text)
    assert "You have asked for another plan" in theirs and "You have asked for a pause" in theirs
    payer.hear()
    assert sorted(row.kind for row in rows(ChangeRequest)) == ["pause", "plan"]
    assert len(rows(FollowUp)) == 2
    assert len(payer.mails("asks for")) == 4  # two requests, two coordinators
    browser = sign_in(coordinator)
    plan, pause = sorted(rows(ChangeRequest), key=lambda row: row.kind, reverse=True)
    declined = browser.post(path(engagement, f"requests/{plan.id}"), data={"reason": ""})
    assert declined.status_code == 422
    answer = {"reason": "Ada is full"}
    assert browser.post(path(engagement, f"requests/{plan.id}"), data=answer).status_code == 303
    shown = browser.get(path(engagement, f"requests/{pause.id}")).text
    assert "Accept" in shown and "Holidays" in shown
    accepted = browser.post(path(engagement, "pause"), data=dates | {"confirmed": "yes"})
    assert accepted.status_code == 303
    payer.hear()
    states = {row.kind: row.state for row in rows(ChangeRequest)}
    assert states == {"plan": "declined", "pause": "accepted"}
    assert all(row.done_at for row in rows(FollowUp))
    assert "Ada is full" in payer.mails("About your request")[0]
    assert len(payer.mails("A pause from")) == 2


def test_sponsor_gives_notice_on_one_of_the_days_shown(payer: Client, sign_in: SignIn) -> None:
    engagement = under_way(payer)
    assert engagement.sponsor is not None
    browser = sign_in(engagement.sponsor)
    wrong = {"ends_on": engagement.today + timedelta(days=1), "confirmed": "y"}
    assert browser.post(path(engagement, "notice"), data=wrong).status_code == 422
    right = {"ends_on": engagement.end_dates[0]}
    page = visible(browser.get(path(engagement, "notice")).text)
    assert "that we hold is set off" in page and "$1,000.00" in page
    unticked = browser.post(path(engagement, "notice"), data=right)
    assert unticked.status_code == 422 and "Tick this" in unticked.text
    given = browser.post(path(engagement, "notice"), data=right | {"confirmed": "y"})
    assert given.status_code == 303
    assert payer.engagement.stage == "ending"
    payer.hear()
    assert len(payer.mails("Notice")) == 3  # client, consultant, coordinator
    refused = browser.get(path(engagement, "notice/withdrawal"))
    assert refused.status_code == 403
    shown = browser.get(f"/engagements/{engagement.id}").text
    [coordinator] = Person.coordinators()
    assert f'write to <a href="mailto:{coordinator.email}">' in shown


def test_second_of_two_notices_for_different_days_is_told_which_one_stands(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = under_way(payer)
    assert engagement.sponsor is not None
    sponsor, owner = sign_in(engagement.sponsor), sign_in(firm(Role.OWNER))
    early, late = engagement.end_dates[:2]
    notice = path(engagement, "notice")
    for browser, day in ((sponsor, early), (owner, late), (sponsor, early)):
        answer = browser.post(notice, data={"ends_on": day, "confirmed": "y"})
        assert answer.status_code == 303
    assert payer.engagement.ends_on == early
    told = visible(owner.get(f"/engagements/{engagement.id}").text)
    assert f"Notice was given already, for {format_day(early)}" in told
    assert "the one you chose was not taken" in told
    told = visible(sponsor.get(f"/engagements/{engagement.id}").text)
    assert "given already" not in told  # pressed twice, for the same day


@pytest.mark.parametrize("role", [Role.LEADER, Role.BILLING, Role.OBSERVER])
def test_others_of_the_client_change_nothing(payer: Client, sign_in: SignIn, role: Role) -> None:
    engagement = under_way(payer)
    browser = sign_in(make.person(role, company=engagement.company))
    for page in ("plan", "pause", "notice", "notice/withdrawal", "plan/withdrawal"):
        assert browser.get(path(engagement, page)).status_code == 403
        assert browser.post(path(engagement, page)).status_code == 403
    assert "Give notice" not in browser.get(f"/engagements/{engagement.id}").text


def test_sponsor_of_another_company_finds_nothing(payer: Client, sign_in: SignIn) -> None:
    engagement = under_way(payer)
    browser = sign_in(make.person(Role.SPONSOR, company=make.company()))
    for page in ("plan", "pause", "notice", f"plan/{uuid.uuid4()}"):
        assert browser.get(path(engagement, page)).status_code == 404


def test_two_coordinators_at_once_one_wins_and_the_other_is_shown_why(
    payer: Client, app: Flask
) -> None:
    engagement = under_way(payer)
    first, second = firm(), firm(name="Second")
    offered = bigger(engagement)
    start = engagement.month_after(engagement.today)
    ids = [quoting.ask(engagement, offered, start, who).id for who in (first, second)]
    people = [first.id, second.id]
    session.commit()

    def change(pair: tuple[uuid.UUID, uuid.UUID]) -> str:
        with app.app_context():
            try:
                quote, who = session.get_one(Quote, pair[0]), session.get_one(Person, pair[1])
                quoting.confirm(quote, who, "At once")
                session.commit()
                return "won"
            except (QuoteStale, ChangeRefused) as lost:
                session.rollback()
                return type(lost).__name__
            finally:
                session.remove()

    def both() -> list[str]:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(change, zip(ids, people, strict=True)))

    assert elsewhere(both) == ["QuoteStale", "won"]
    assert len(rows(TermsChange)) == 1
    assert len(payer.engagement.terms_history) == 2


def test_dates_that_cannot_be_are_said_beside_their_field(payer: Client, sign_in: SignIn) -> None:
    engagement = under_way(payer)
    browser = sign_in(firm())
    empty = browser.post(path(engagement, "pause"), data={"starts": "soon", "reason": ""})
    assert empty.status_code == 422 and "Choose the day on which work resumes" in empty.text
    soon = engagement.today + timedelta(days=2)
    data = {"starts": soon, "ends": soon + timedelta(days=5), "reason": "Closed"}
    refused = browser.post(path(engagement, "pause"), data=data)
    assert refused.status_code == 422 and "at the earliest" in refused.text
    assert 'id="starts-error"' in refused.text and "This cannot be done" not in refused.text
    assert "Closed" in refused.text


def test_after_a_change_what_is_held_and_what_was_bought_stay_what_they_were(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = under_way(payer, days=3)
    confirmed(engagement, bigger(engagement, deposit_minor=300000), engagement.today, firm())
    payer.hear()
    assert engagement.sponsor is not None
    browser = sign_in(engagement.sponsor)
    page = visible(browser.get(path(engagement, "notice")).text)
    assert "that we hold is set off" in page and "$1,000.00" in page and "$3,000.00" not in page
    titles = [invoice.title for invoice in invoices()]
    assert titles == ["COO, four days a month", "COO, six days a month"]
    listed = visible(browser.get("/billing").text)
    assert "COO, four days a month" in listed
