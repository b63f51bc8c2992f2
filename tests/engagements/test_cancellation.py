"""Cancelling before the kick-off, by the policy that was shown at booking."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import CapacityUse
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.refunds import RefundPolicy
from webapp.money import Money
from webapp.outbox import Job

SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
CONFIRMED = {"confirmed": "y", "reason": "Plans changed"}


def url(engagement: Engagement) -> str:
    return f"/engagements/{engagement.id}/cancellation"


def sponsor_of(engagement: Engagement) -> Person:
    assert engagement.sponsor is not None
    return engagement.sponsor


def test_the_deadline_is_days_before_at_the_same_wall_time() -> None:
    zone = ZoneInfo("America/New_York")
    kickoff = datetime(2027, 3, 18, 10, tzinfo=zone)
    policy = RefundPolicy.before(kickoff, 7, 50, "America/New_York")
    assert policy.deadline == datetime(2027, 3, 11, 10, tzinfo=zone)
    assert policy.percent(policy.deadline) == 100
    assert policy.percent(policy.deadline + timedelta(seconds=1)) == 50


def test_over_a_change_of_clocks_the_wall_time_stays() -> None:
    zone = ZoneInfo("America/New_York")
    policy = RefundPolicy.before(datetime(2027, 3, 17, 10, tzinfo=zone), 7, 0, "America/New_York")
    assert policy.deadline == datetime(2027, 3, 10, 10, tzinfo=zone)


def test_looking_shows_the_refund_to_the_cent_and_changes_nothing(
    begun: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    begun.terms.price_minor = 333333
    begun.terms.late_refund_percent = 25
    session.commit()
    browser = sign_in(sponsor_of(begun))
    assert "$4,333.33" in browser.get(url(begun)).text
    set_clock(begun.refund_policy.deadline + timedelta(minutes=1))
    page = browser.get(url(begun)).text
    assert "You get back 25 percent" in page and "$1,083.33" in page
    session.expire_all()
    assert begun.stage == "onboarding"


def test_cancelling_frees_everything_and_settles_once(begun: Engagement, sign_in: SignIn) -> None:
    browser = sign_in(sponsor_of(begun))
    for _ in range(2):
        assert browser.post(url(begun), data=CONFIRMED).status_code == 303
    session.expire_all()
    assert (begun.stage, begun.stage_changes[-1].reason) == ("ended", "Plans changed")
    assert begun.kickoff is not None and begun.kickoff.state == "cancelled"
    assert begun.ends_on == begun.local_date(clock.now())
    assert [period.state for period in begun.periods] == ["closed"]
    assert session.scalar(select(func.count()).select_from(CapacityUse)) == 0
    tasks = session.scalars(select(Job.task)).all()
    assert tasks.count("billing.settle_cancellation") == 1
    assert tasks.count("booking.cancelled") == 1


def test_the_share_is_that_of_the_instant_of_cancelling(
    begun: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    sign_in(sponsor_of(begun)).post(url(begun), data=CONFIRMED)
    session.expire_all()
    set_clock(begun.refund_policy.deadline + timedelta(days=1))
    assert begun.refund_percent() == 100
    assert begun.refund_due() == Money(600000, "USD")


def test_many_confirmations_at_once_cancel_once(begun: Engagement, sign_in: SignIn) -> None:
    browsers = [sign_in(sponsor_of(begun)) for _ in range(6)]
    address = url(begun)
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda one: one.post(address, data=CONFIRMED).status_code, browsers))
    assert codes == [303] * 6
    session.expire_all()
    assert [row.to_stage for row in begun.stage_changes].count("ended") == 1


def test_it_has_to_be_confirmed(begun: Engagement, sign_in: SignIn) -> None:
    browser = sign_in(sponsor_of(begun))
    kept = browser.post(url(begun), data={"reason": "Too dear"})
    assert kept.status_code == 422 and "Too dear" in kept.text
    assert browser.post(url(begun), data={"confirmed": "y", "reason": "r" * 501}).status_code == 422
    session.expire_all()
    assert begun.stage == "onboarding"


def test_after_the_kickoff_has_begun_it_is_too_late(
    begun: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    assert begun.kickoff is not None
    browser = sign_in(sponsor_of(begun))
    set_clock(begun.kickoff.starts_at)
    assert browser.get(url(begun)).status_code == 409
    assert browser.post(url(begun), data=CONFIRMED).status_code == 409
    session.expire_all()
    assert begun.stage == "onboarding"


def test_moving_the_kickoff_later_does_not_move_the_deadline(begun: Engagement) -> None:
    assert begun.kickoff is not None
    before = begun.refund_policy.deadline
    begun.kickoff.starts_at += timedelta(days=20)
    begun.kickoff.ends_at += timedelta(days=20)
    session.flush()
    assert begun.refund_policy.deadline == before


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.OWNER])
def test_the_firm_may_cancel_too(begun: Engagement, sign_in: SignIn, role: Role) -> None:
    assert sign_in(make.person(role)).post(url(begun), data=CONFIRMED).status_code == 303


def test_all_others_are_refused(begun: Engagement, sign_in: SignIn) -> None:
    colleagues = (make.person(role, company=begun.company) for role in (Role.LEADER, Role.OBSERVER))
    for person in (*colleagues, begun.lead.person, make.person(Role.FINANCE)):
        assert sign_in(person).get(url(begun)).status_code == 403
        assert sign_in(person).post(url(begun), data=CONFIRMED).status_code == 403
    stranger = sign_in(make.person(Role.SPONSOR, company=make.company()))
    assert stranger.get(url(begun)).status_code == 404
    assert stranger.post(url(begun), data=CONFIRMED).status_code == 404


def test_past_the_deadline_no_page_speaks_of_it(
    begun: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    browser = sign_in(sponsor_of(begun))
    assert "everything until" in browser.get(url(begun)).text
    set_clock(begun.refund_policy.deadline + timedelta(minutes=1))
    page = browser.get(url(begun)).text
    assert "everything until" not in page and "50 percent until the kick-off begins" in page


def test_whoever_cancels_learns_what_comes_back(begun: Engagement, sign_in: SignIn) -> None:
    browser = sign_in(sponsor_of(begun))
    page = browser.post(url(begun), data=CONFIRMED, follow_redirects=True).text
    assert "$6,000.00 goes back to the card" in page
    assert "Cancelled before the kick-off: Plans changed" in page
    assert begun.steps[0].title not in page


def test_after_the_kickoff_the_notice_applies_and_somebody_to_write_to_is_named(
    begun: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    assert begun.kickoff is not None
    browser = sign_in(sponsor_of(begun))
    set_clock(begun.kickoff.starts_at)
    begun.hold_kickoff(begun.lead.person, waive=True)
    session.commit()
    answer = browser.get(url(begun))
    assert answer.status_code == 409
    assert "the notice period of 30 days applies" in answer.text
    assert f"mailto:{begun.lead.person.email}" in answer.text
