"""Engagements: the mails of booking and onboarding at their times, and retainer periods."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from webapp.db import session
from webapp.engagements import due, mails, planning
from webapp.engagements.models import Engagement
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


# -- planners --------------------------------------------------------------------------------------

planner("engagements.payment_reminders")(planning.plan_payment_reminders)
planner("engagements.lost")(planning.plan_lost)
planner("engagements.kickoff_preparations")(planning.plan_kickoff_preparations)
planner("engagements.unrecorded_kickoffs")(planning.plan_unrecorded_kickoffs)
planner("engagements.access_requests")(planning.plan_access_requests)
planner("engagements.pulses")(planning.plan_pulses)
planner("engagements.periods")(planning.plan_periods)
