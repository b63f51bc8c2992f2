"""From the first payment to the kick-off: what begins, what is ticked off, what becomes active."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.engagements.conftest import Booking
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import Booking as Meeting
from webapp.booking.models import Hold, SlotTaken
from webapp.db import session
from webapp.engagements.models import (
    Engagement,
    IllegalStage,
    OnboardingStep,
    RetainerPeriod,
    StageChange,
    TermsChange,
)
from webapp.engagements.models.period import span
from webapp.outbox import Job

SignIn = Callable[[Person], FlaskClient]


def jobs(task: str) -> int:
    return session.scalar(select(func.count()).select_from(Job).where(Job.task == task)) or 0


def test_the_first_payment_begins_everything_once(signed: Booking) -> None:
    engagement = signed.engagement
    engagement.begin_onboarding()
    engagement.begin_onboarding()
    session.commit()
    assert engagement.stage == "onboarding"
    assert [row.to_stage for row in engagement.stage_changes] == ["signed", "onboarding"]
    kickoff = engagement.kickoff
    assert kickoff is not None and kickoff.starts_at == signed.hold.starts_at
    assert kickoff.people("client") == [engagement.sponsor]
    assert kickoff.people("consultant") == [signed.hold.consultant.person]
    period = engagement.periods[0]
    assert (period.number, period.starts, period.state) == (1, engagement.kick_off_on, "planned")
    for task in ("engagements.welcome", "engagements.tell_consultant", "reviews.begin_series"):
        assert jobs(task) == 1, task


def test_payments_that_arrive_at_once_begin_it_once(signed: Booking, app: object) -> None:
    engagement_id = signed.engagement.id
    session.commit()

    def pay(_: int) -> None:
        with app.app_context():  # type: ignore[attr-defined]
            session.get_one(Engagement, engagement_id).begin_onboarding()
            session.commit()
            session.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(pay, range(12)))
    engagement = signed.engagement
    assert (len(engagement.steps), len(engagement.periods), len(engagement.meetings)) == (7, 1, 1)


def test_a_slot_lost_before_the_payment_is_told_to_the_caller(
    signed: Booking, set_clock: Callable[..., None]
) -> None:
    set_clock(clock.now() + timedelta(hours=2))
    Hold.take(make.offering(), signed.hold.consultant, signed.hold.starts_at, "UTC")
    session.commit()
    with pytest.raises(SlotTaken) as lost, session.begin_nested():
        signed.engagement.begin_onboarding()
    assert len(lost.value.alternatives) == 3
    session.rollback()
    assert signed.engagement.stage == "signed"


def test_a_payment_after_the_booking_lapsed_finds_the_slot_gone(signed: Booking) -> None:
    engagement = signed.engagement
    engagement.lose("Not paid within seven days")
    assert (engagement.stage, engagement.hold.state) == ("lost", "released")
    with pytest.raises(SlotTaken):
        engagement.begin_onboarding()


@pytest.mark.parametrize(("role", "steps"), [("coo", 7), ("integrator", 7), ("both", 13)])
def test_the_steps_follow_the_role_and_none_is_due_before_tomorrow(role: str, steps: int) -> None:
    rows = OnboardingStep.checklist(role, date(2027, 3, 1), today=date(2027, 2, 26))
    assert len(rows) == steps == len({row.key for row in rows})
    assert [row.position for row in rows] == list(range(1, steps + 1))
    assert min(row.due_on for row in rows) == date(2027, 2, 27)
    assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
    assert all(row.owner == "client" for row in rows if row.required)


def test_months_are_counted_from_the_anchor() -> None:
    anchor = date(2027, 1, 31)
    starts = [span(anchor, number)[0] for number in range(1, 6)]
    ends = [span(anchor, number)[1] for number in range(1, 6)]
    assert starts == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30),
                      date(2027, 5, 31)]  # fmt: skip
    assert ends[:-1] == starts[1:]


# -- steps -----------------------------------------------------------------------------------------


def step_url(engagement: Engagement, step: OnboardingStep) -> str:
    return f"/engagements/{engagement.id}/steps/{step.id}"


def test_a_step_is_done_and_undone_by_either_side(begun: Engagement, sign_in: SignIn) -> None:
    step = begun.steps[0]
    assert begun.sponsor is not None
    for person in (begun.sponsor, begun.lead.person):
        browser = sign_in(person)
        assert browser.post(step_url(begun, step)).status_code == 303
        session.refresh(step)
        assert (step.done, step.done_by_id) == (True, person.id)
        assert browser.post(step_url(begun, step), data={"undo": "1"}).status_code == 303
        session.refresh(step)
        assert not step.done


def test_done_twice_keeps_who_did_it_first(begun: Engagement, sign_in: SignIn) -> None:
    step = begun.steps[0]
    assert begun.sponsor is not None
    sign_in(begun.sponsor).post(step_url(begun, step))
    sign_in(begun.lead.person).post(step_url(begun, step))
    session.refresh(step)
    assert step.done_by_id == begun.sponsor.id


def test_steps_are_refused_to_all_others(begun: Engagement, sign_in: SignIn) -> None:
    url = step_url(begun, begun.steps[0])
    for role in (Role.OWNER, Role.COORDINATOR, Role.FINANCE):
        assert sign_in(make.person(role)).post(url).status_code == 403
    for role in (Role.BILLING, Role.OBSERVER):
        assert sign_in(make.person(role, company=begun.company)).post(url).status_code == 403
    for stranger in (make.person(Role.SPONSOR, company=make.company()), make.consultant().person):
        assert sign_in(stranger).post(url).status_code == 404


def test_a_role_elsewhere_is_no_role_here(begun: Engagement, sign_in: SignIn) -> None:
    """A consultant who sees an engagement only as its client's observer stays an observer."""
    both = make.consultant().person
    session.add(both.join(Role.OBSERVER, begun.company))
    browser = sign_in(both)
    assert browser.post(f"/engagements/{begun.id}/kickoff").status_code == 403
    sponsor_elsewhere = make.person(Role.SPONSOR, company=make.company())
    session.add(sponsor_elsewhere.join(Role.OBSERVER, begun.company))
    assert (
        sign_in(sponsor_elsewhere).get(f"/engagements/{begun.id}/cancellation").status_code == 403
    )
    assert sign_in(sponsor_elsewhere).post(step_url(begun, begun.steps[0])).status_code == 403


def test_a_step_of_another_engagement_is_not_found(begun: Engagement, sign_in: SignIn) -> None:
    other = make.engagement(consultant=begun.lead)
    other.steps.extend(OnboardingStep.checklist("coo", other.kick_off_on, other.kick_off_on))
    session.flush()
    browser = sign_in(begun.lead.person)
    assert browser.post(step_url(begun, other.steps[0])).status_code == 404


# -- the kick-off ----------------------------------------------------------------------------------


def kickoff_url(engagement: Engagement) -> str:
    return f"/engagements/{engagement.id}/kickoff"


def test_the_kickoff_is_closed_by_its_consultant(
    begun: Engagement, sign_in: SignIn, set_clock: Callable[..., None]
) -> None:
    assert begun.kickoff is not None
    browser = sign_in(begun.lead.person)
    early = browser.post(kickoff_url(begun), data={"notes": "x", "waive": "y"})
    assert early.status_code == 422 and "not begun" in early.text
    set_clock(begun.kickoff.starts_at + timedelta(minutes=50))
    open_steps = browser.post(kickoff_url(begun), data={"notes": "Ana owns deliveries."})
    assert open_steps.status_code == 422 and "3 onboarding steps are open" in open_steps.text
    assert "Ana owns deliveries." in open_steps.text
    closed = browser.post(kickoff_url(begun), data={"notes": "Ana owns deliveries.", "waive": "y"})
    assert closed.status_code == 303
    session.expire_all()
    assert (begun.stage, begun.kickoff.state) == ("active", "held")
    assert begun.kickoff_notes == "Ana owns deliveries."
    assert len([step for step in begun.steps if step.waived_at]) == 3
    assert (
        browser.post(kickoff_url(begun), data={"notes": "again", "waive": "y"}).status_code == 303
    )
    session.expire_all()
    assert begun.kickoff_notes == "Ana owns deliveries." and jobs("engagements.recap_kickoff") == 1


def test_with_all_steps_done_nothing_is_waived(
    begun: Engagement, sign_in: SignIn, set_clock: Callable[..., None]
) -> None:
    assert begun.kickoff is not None
    for step in begun.steps:
        step.complete(begun.lead.person)
    set_clock(begun.kickoff.starts_at)
    assert sign_in(make.person(Role.COORDINATOR)).post(kickoff_url(begun)).status_code == 303
    session.expire_all()
    assert begun.stage == "active" and not any(step.waived_at for step in begun.steps)


def test_that_somebody_did_not_come_is_said_where_the_kickoff_is_recorded(
    begun: Engagement, sign_in: SignIn, set_clock: Callable[..., None]
) -> None:
    kickoff = begun.kickoff
    assert kickoff is not None and begun.sponsor is not None
    browser, meeting = sign_in(begun.lead.person), f"/meetings/{kickoff.id}"
    set_clock(kickoff.starts_at + timedelta(minutes=14))
    page = browser.get(kickoff_url(begun)).text
    assert f'href="{meeting}"' in page and "They did not come" not in page
    set_clock(kickoff.starts_at + timedelta(days=50))
    page = browser.get(kickoff_url(begun)).text
    assert "They did not come" in page and f'action="{meeting}/missed"' in page
    assert begun.sponsor.name in page and "Not recorded yet" in page
    assert browser.post(f"{meeting}/missed", data={"side": "client"}).status_code == 303
    session.expire_all()
    assert (kickoff.state, kickoff.missed_side) == ("missed", "client")
    page = browser.get(kickoff_url(begun)).text
    assert "It did not take place" in page and "Kick-off held" not in page
    late = browser.post(kickoff_url(begun), data={"notes": "x", "waive": "y"})
    assert late.status_code == 409 and begun.stage == "onboarding"


def test_headings_of_the_kickoff_page_come_in_order(
    begun: Engagement, sign_in: SignIn, set_clock: Callable[..., None]
) -> None:
    assert begun.kickoff is not None
    set_clock(begun.kickoff.starts_at + timedelta(days=1))
    page = sign_in(begun.lead.person).get(kickoff_url(begun)).text
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels)), levels


def test_the_kickoff_is_refused_to_all_others(begun: Engagement, sign_in: SignIn) -> None:
    assert begun.sponsor is not None
    for person in (begun.sponsor, make.person(Role.FINANCE)):
        assert sign_in(person).post(kickoff_url(begun)).status_code == 403
    for method in ("get", "post"):
        stranger = sign_in(make.consultant().person)
        assert getattr(stranger, method)(kickoff_url(begun)).status_code == 404


def test_the_timeline_tells_it_in_order(begun: Engagement) -> None:
    begun.steps[0].complete(begun.lead.person)
    session.flush()
    told = [(entry.title, entry.state) for entry in begun.timeline("Europe/London")]
    assert told == [
        ("Agreement signed", "done"),
        ("Paid: onboarding begins", "now"),
        (begun.steps[0].title, "done"),
        ("Kick-off: COO, four days a month", "next"),
    ]
    assert "London" in begun.timeline("Europe/London")[0].when


def test_the_timeline_tells_each_thing_once(begun: Engagement) -> None:
    """A pause and an end are told by the change of terms, which says until when and why."""
    cora = make.person(Role.COORDINATOR)
    begun.stage = "active"
    steps = (("paused", "pause_begun"), ("active", "resumed"), ("ending", "notice_given"))
    for stage, kind in steps:
        made = StageChange(from_stage=begun.stage, to_stage=stage, by=cora.name, reason="Why")
        begun.stage_changes.append(made)
        begun.changes.append(
            TermsChange(kind=kind, effective_on=begun.today, ends_on=begun.today, by=cora.name,
                        reason="Why", before={}, after={}, currency="USD")
        )  # fmt: skip
        begun.stage = stage
    session.flush()
    titles = [entry.title for entry in begun.timeline("Europe/London")]
    assert titles[2:5] == ["Pause begins", "Work resumes", "Notice given"]
    assert not {"Paused", "Ending"} & set(titles)
    assert not [title for title in titles if title.startswith("Kick-off held")]


def test_the_one_place_that_changes_a_stage_refuses_what_is_illegal(begun: Engagement) -> None:
    with pytest.raises(IllegalStage, match="cannot be done while"):
        begun.advance("enquiry", None)
    with pytest.raises(IllegalStage, match="not been held"):
        begun.advance("active", begun.lead.person)
    with pytest.raises(IllegalStage, match="Only"):
        begun.advance("active", begun.sponsor)
    assert begun.stage == "onboarding" and session.scalars(select(Meeting)).one().state == "booked"
    assert session.scalars(select(RetainerPeriod)).one().number == 1
