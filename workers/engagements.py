"""Engagements: the mails of booking and onboarding at their times, periods, changes of terms."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from webapp import outbox
from webapp.billing.changing import following, given_up, pausing, surprises, telling
from webapp.db import session
from webapp.engagements import change_mails, due, mails, planning, requests
from webapp.engagements.models import ChangeRequest, Engagement, TermsChange
from workers.job import task
from workers.plan import planner

# -- at once ---------------------------------------------------------------------------------------


def _engagement(engagement_id: str) -> Engagement:
    return session.get_one(Engagement, uuid.UUID(engagement_id))


@task("engagements.welcome")
def welcome(engagement_id: str) -> None:
    mails.welcome(_engagement(engagement_id))


@task("engagements.tell_consultant")
def tell_consultant(engagement_id: str) -> None:
    mails.tell_consultants(_engagement(engagement_id))


@task("engagements.recap_kickoff")
def recap_kickoff(engagement_id: str) -> None:
    mails.recap_kickoff(_engagement(engagement_id))


@task("engagements.tell_lost")
def tell_lost(engagement_id: str) -> None:
    mails.tell_lost(_engagement(engagement_id))


# -- changes of terms ------------------------------------------------------------------------------


def _change(change_id: str) -> TermsChange:
    return session.get_one(TermsChange, uuid.UUID(change_id))


def _tell(change_id: str) -> None:
    change = _change(change_id)
    change_mails.tell(change, telling.account_of(change))


@task("engagements.terms_changed")
def terms_changed(_engagement_id: str, change_id: str) -> None:
    outbox.enqueue("billing.follow_plan", change_id)
    _tell(change_id)


@task("engagements.pause_planned")
def pause_planned(_engagement_id: str, change_id: str) -> None:
    _tell(change_id)


@task("engagements.pause_withdrawn")
def pause_withdrawn(_engagement_id: str, change_id: str) -> None:
    _tell(change_id)


@task("engagements.paused")
def paused(_engagement_id: str, change_id: str) -> None:
    _tell(change_id)


@task("engagements.resumed")
def resumed(_engagement_id: str, change_id: str) -> None:
    _tell(change_id)


@task("engagements.notice_given")
def notice_given(_engagement_id: str, change_id: str) -> None:
    outbox.enqueue("billing.follow_end", change_id)
    _tell(change_id)


@task("engagements.notice_withdrawn")
def notice_withdrawn(_engagement_id: str, change_id: str) -> None:
    outbox.enqueue("billing.follow_end", change_id)
    _tell(change_id)


@task("engagements.ended")
def ended(engagement_id: str, change_id: str) -> None:
    outbox.enqueue("billing.follow_end", change_id)
    outbox.enqueue("reviews.unschedule", uuid.UUID(engagement_id))
    given_up.seen_to(_engagement(engagement_id))
    _tell(change_id)


@task("engagements.change_requested")
def change_requested(request_id: str) -> None:
    request = session.get_one(ChangeRequest, uuid.UUID(request_id))
    requests.remind_firm(request)
    change_mails.tell_requested(request)


@task("engagements.change_declined")
def change_declined(request_id: str) -> None:
    change_mails.tell_declined(session.get_one(ChangeRequest, uuid.UUID(request_id)))


# -- when due --------------------------------------------------------------------------------------


@task("engagements.ask_for_payment")
def ask_for_payment(engagement_id: str, asked_at: str, days: str | int) -> None:
    due.ask_for_payment(uuid.UUID(engagement_id), datetime.fromisoformat(asked_at), int(days))


@task("engagements.lose_unpaid")
def lose_unpaid(engagement_id: str) -> None:
    due.lose_unpaid(uuid.UUID(engagement_id))


@task("engagements.offer_resume")
def offer_resume(engagement_id: str, touched_at: str) -> None:
    due.offer_resume(uuid.UUID(engagement_id), datetime.fromisoformat(touched_at))


@task("engagements.request_access")
def request_access(engagement_id: str, on: str) -> None:
    due.request_access(uuid.UUID(engagement_id), date.fromisoformat(on))


@task("engagements.prepare_kickoff")
def prepare_kickoff(booking_id: str, starts_at: str) -> None:
    due.prepare_kickoff(uuid.UUID(booking_id), datetime.fromisoformat(starts_at))


@task("engagements.tell_unrecorded")
def tell_unrecorded(booking_id: str, starts_at: str) -> None:
    due.tell_unrecorded(uuid.UUID(booking_id), datetime.fromisoformat(starts_at))


@task("engagements.ask_pulse")
def ask_pulse(engagement_id: str, on: str) -> None:
    due.ask_pulse(uuid.UUID(engagement_id), date.fromisoformat(on))


@task("engagements.remind_resume")
def remind_resume(pause_id: str, ends: str) -> None:
    due.remind_resume(uuid.UUID(pause_id), date.fromisoformat(ends), telling.of_pause)


@task("engagements.end")
def end(engagement_id: str, on: str) -> None:
    due.end(uuid.UUID(engagement_id), date.fromisoformat(on))


@task("billing.begin_pause")
def begin_pause(pause_id: str, _starts: str) -> None:
    pausing.begin(uuid.UUID(pause_id))


@task("billing.hold")
def hold(pause_id: str, _charged_until: str = "") -> None:
    pausing.hold(uuid.UUID(pause_id))


@task("billing.resume")
def resume(pause_id: str, _on: str, by_id: str = "") -> None:
    pausing.resume(uuid.UUID(pause_id), uuid.UUID(by_id) if by_id else None)


@task("billing.follow_plan")
def follow_plan(change_id: str) -> None:
    following.follow_plan(uuid.UUID(change_id))


@task("billing.follow_end")
def follow_end(change_id: str) -> None:
    following.follow_end(uuid.UUID(change_id))


@task("billing.compare_with_terms")
def compare_with_terms(engagement_id: str) -> None:
    surprises.compare(uuid.UUID(engagement_id))


# -- planners --------------------------------------------------------------------------------------

planner("engagements.payment_reminders")(planning.plan_payment_reminders)
planner("engagements.lost")(planning.plan_lost)
planner("engagements.kickoff_preparations")(planning.plan_kickoff_preparations)
planner("engagements.unrecorded_kickoffs")(planning.plan_unrecorded_kickoffs)
planner("engagements.access_requests")(planning.plan_access_requests)
planner("engagements.pulses")(planning.plan_pulses)
planner("engagements.pauses")(planning.plan_pauses)
planner("engagements.resumes")(planning.plan_resumes)
planner("engagements.resume_reminders")(planning.plan_resume_reminders)
planner("engagements.ends")(planning.plan_ends)
planner("engagements.periods")(planning.plan_periods)
