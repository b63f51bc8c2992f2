"""The story of an engagement, for its page: stages, onboarding steps and meetings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from webapp import clock
from webapp.engagements.stages import LABELS
from webapp.web import format_day, format_when

if TYPE_CHECKING:
    from webapp.booking.models import Booking
    from webapp.engagements.models.assignment import StageChange
    from webapp.engagements.models.change import TermsChange
    from webapp.engagements.models.engagement import Engagement

TITLES = {
    "signed": "Agreement signed",
    "onboarding": "Paid: onboarding begins",
    "active": "Kick-off held: work is under way",
    "lost": "Not paid: the booking has lapsed",
}
# Steps of the stage that a change of terms brings with it, which tells more.
TOLD_BY = {
    ("active", "paused"): "pause_begun", ("paused", "active"): "resumed",
    ("onboarding", "ending"): "notice_given", ("active", "ending"): "notice_given",
    ("paused", "ending"): "notice_given",
    ("ending", "active"): "notice_withdrawn", ("ending", "ended"): "ended",
}  # fmt: skip
MEETING_NOTES = {"missed": "Missed", "cancelled": "Called off"}


@dataclass(frozen=True)
class TimelineEntry:
    """when: the instant as text in the reader's zone; state: done, now, next or bad."""

    at: datetime
    when: str
    title: str
    text: str
    state: str


def timeline_of(engagement: Engagement, zone: str) -> list[TimelineEntry]:
    """Oldest first."""
    told = [
        *_stages(engagement),
        *_changes(engagement),
        *_steps(engagement),
        *_meetings(engagement),
    ]
    return [
        TimelineEntry(at, format_when(at, zone), title, text, state)
        for at, title, text, state in sorted(told, key=lambda entry: entry[0])
    ]


Entry = tuple[datetime, str, str, str]


def _stages(engagement: Engagement) -> Iterator[Entry]:
    changed = {change.kind for change in engagement.changes}
    for change in engagement.stage_changes:
        if TOLD_BY.get((change.from_stage, change.to_stage)) in changed:
            continue
        latest = change is engagement.stage_changes[-1]
        title = TITLES.get(change.to_stage, LABELS[change.to_stage])
        why = "" if title.startswith(change.reason) else _why(change)
        yield change.at, title, why, "now" if latest else "done"


def _why(change: StageChange) -> str:
    if (change.from_stage, change.to_stage) != ("onboarding", "ended"):
        return change.reason
    return ": ".join(filter(None, ("Cancelled before the kick-off", change.reason)))


def _changes(engagement: Engagement) -> Iterator[Entry]:
    """Without amounts: not everybody who reads this sees what is paid."""
    for change in engagement.changes:
        over = change.kind == "ended"
        yield change.at, change.label, _what_changed(change), "now" if over else "done"


def _what_changed(change: TermsChange) -> str:
    day = format_day(change.effective_on)
    until = f" until {format_day(change.ends_on)}" if change.ends_on else ""
    told = {
        "pause_planned": f"From {day}{until}",
        "pause_begun": f"From {day}{until}",
        "notice_given": f"It ends on {format_day(change.ends_on)}" if change.ends_on else "",
    }.get(change.kind, f"From {day}")
    plan = change.after.get("name", "")
    by = f"By {change.by}" if change.by != "system" else ""
    return ". ".join(filter(None, (": ".join(filter(None, (told, plan))), change.reason, by)))


def _steps(engagement: Engagement) -> Iterator[Entry]:
    for step in engagement.steps:
        if step.done_at:
            yield step.done_at, step.title, "Onboarding step done", "done"


def _meetings(engagement: Engagement) -> Iterator[Entry]:
    for meeting in engagement.meetings:
        text = MEETING_NOTES.get(meeting.state, meeting.place)
        yield meeting.starts_at, meeting.title, text, _state(meeting)


def _state(meeting: Booking) -> str:
    if meeting.state in MEETING_NOTES:
        return "bad"
    return "next" if meeting.state == "booked" and clock.now() < meeting.starts_at else "done"
