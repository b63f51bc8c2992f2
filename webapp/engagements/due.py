"""What the jobs of this room do when their time has come: look at the facts again, then act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

from webapp import clock
from webapp.access import Role
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements import change_mails, mails
from webapp.engagements.change_mails import Account
from webapp.engagements.models import Engagement, OnboardingStep, Pause
from webapp.engagements.planning import RESUME_SOON, STILL_OF_USE, local

COORDINATOR_DAY = 5


def _too_late(due: datetime) -> bool:
    return clock.now() > due + STILL_OF_USE


def ask_for_payment(engagement_id: uuid.UUID, asked_at: datetime, days: int) -> None:
    """Nothing once it is paid, lost, or asked anew."""
    engagement = session.get_one(Engagement, engagement_id)
    waiting = engagement.stage in {"enquiry", "signed"} and engagement.asked_at == asked_at
    if not waiting or engagement.settles_by or _too_late(asked_at + timedelta(days=days)):
        return
    if days == COORDINATOR_DAY:
        mails.tell_unpaid(engagement)
    else:
        mails.ask_for_payment(engagement, str(days))


def lose_unpaid(engagement_id: uuid.UUID) -> None:
    session.get_one(Engagement, engagement_id).lose("Not paid within seven days")


def offer_resume(engagement_id: uuid.UUID, touched_at: datetime) -> None:
    """Once, an hour after the client was last at it; not while a coordinator prepares it."""
    engagement = session.get_one(Engagement, engagement_id)
    silent = engagement.touched_at == touched_at and engagement.details.complete
    if not silent or engagement.settles_by or _too_late(touched_at + timedelta(hours=1)):
        return
    enquiring = engagement.stage == "enquiry" and not _prepared(engagement)
    if enquiring or engagement.stage == "signed":
        mails.offer_resume(engagement)


def _prepared(engagement: Engagement) -> bool:
    """By the firm, for a client who need not know of it yet."""
    booker = engagement.booked_by
    return bool(booker and booker.role_names & {Role.COORDINATOR, Role.OWNER})


def request_access(engagement_id: uuid.UUID, on: date) -> None:
    engagement = session.get_one(Engagement, engagement_id)
    access = [step for step in engagement.steps if step.key == OnboardingStep.ACCESS]
    wanted = engagement.stage == "onboarding" and any(step.open for step in access)
    if wanted and not _too_late(local(on, engagement.time_zone)):
        mails.request_access(engagement, on)


def prepare_kickoff(booking_id: uuid.UUID, starts_at: datetime) -> None:
    """Nothing for a kick-off that was moved, called off, or has begun."""
    kickoff = session.get_one(Booking, booking_id)
    if kickoff.state == "booked" and kickoff.starts_at == starts_at and clock.now() < starts_at:
        mails.prepare_kickoff(session.get_one(Engagement, kickoff.engagement_id), kickoff)


def tell_unrecorded(booking_id: uuid.UUID, starts_at: datetime) -> None:
    """Nothing once it was recorded, marked as missed, moved, or cancelled."""
    kickoff = session.get_one(Booking, booking_id)
    engagement = session.get_one(Engagement, kickoff.engagement_id)
    waiting = kickoff.unrecorded and kickoff.starts_at == starts_at
    if waiting and engagement.stage == "onboarding":
        mails.tell_unrecorded(engagement, kickoff)


def ask_pulse(engagement_id: uuid.UUID, on: date) -> None:
    engagement = session.get_one(Engagement, engagement_id)
    zone = engagement.sponsor.time_zone if engagement.sponsor else engagement.time_zone
    if engagement.stage in {"onboarding", "active"} and not _too_late(local(on, zone)):
        mails.ask_pulse(engagement, on)


# -- changes of terms ------------------------------------------------------------------------------


def remind_resume(pause_id: uuid.UUID, ends: date, account_of: Callable[[Pause], Account]) -> None:
    """A week before work resumes, with what billing has to say of it; nothing once it did, or will
    on another day."""
    pause = session.get_one(Pause, pause_id)
    week_before = local(ends - RESUME_SOON, pause.engagement.time_zone)
    if pause.state == "running" and pause.ends == ends and not _too_late(week_before):
        change_mails.remind_resume(pause, account_of(pause))


def end(engagement_id: uuid.UUID, on: date) -> None:
    """The last day is over; nothing where the notice was withdrawn, or is for another day."""
    engagement = session.get_one(Engagement, engagement_id).lock()
    if engagement.stage == "ending" and engagement.ends_on == on and engagement.today >= on:
        engagement.end()
