"""Another time for a meeting, chosen by somebody signed in or by the holder of a link."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.access import allow
from webapp.accounts.models import Person
from webapp.booking import queries
from webapp.booking.forms.changes import AnotherTimeForm
from webapp.booking.models import (
    Booking,
    ChangedMeanwhile,
    LinkRefused,
    MeetingOver,
    NotOffered,
    SlotTaken,
    TooLate,
)
from webapp.booking.picker import picking
from webapp.booking.views.meetings import MAY_CHANGE, found_to_change, reader, zone_of
from webapp.booking.views.room import blueprint
from webapp.web import format_when

NOT_OFFERED = "The meeting cannot take place then. Choose one of the times shown."


@dataclass(frozen=True)
class Search:
    """Somebody who looks for another time. verb: 'move', or 'rebook' for one that is off.

    action: where the form goes; back: where to without choosing, None for the holder of a link.
    seen: the sequence that a link is about, whatever the form says.
    """

    meeting: Booking
    person: Person
    verb: str
    action: str
    back: str | None = None
    seen: int | None = None

    @property
    def possible(self) -> bool:
        if self.verb == "rebook":
            return self.meeting.rebookable
        return self.meeting.movable and self.meeting.under_way

    @property
    def in_time(self) -> bool:
        return self.verb == "rebook" or self.meeting.in_time(self.person)

    def take(self, form: AnotherTimeForm) -> None:
        verb = self.meeting.move if self.verb == "move" else self.meeting.rebook
        verb(form.starts_at, self.person, form.seen if self.seen is None else self.seen)


@blueprint.get("/meetings/<uuid:booking_id>/move")
@allow(MAY_CHANGE)
def move_meeting(booking_id: uuid.UUID) -> ResponseReturnValue:
    return page(_signed_in(booking_id, "move"))


@blueprint.post("/meetings/<uuid:booking_id>/move")
@allow(MAY_CHANGE)
def send_move(booking_id: uuid.UUID) -> ResponseReturnValue:
    search = _signed_in(booking_id, "move")
    return answer(search, lambda: _done(search, "Moved to"))


@blueprint.get("/meetings/<uuid:booking_id>/rebook")
@allow(MAY_CHANGE)
def rebook_meeting(booking_id: uuid.UUID) -> ResponseReturnValue:
    return page(_signed_in(booking_id, "rebook"))


@blueprint.post("/meetings/<uuid:booking_id>/rebook")
@allow(MAY_CHANGE)
def send_rebook(booking_id: uuid.UUID) -> ResponseReturnValue:
    search = _signed_in(booking_id, "rebook")
    return answer(search, lambda: _done(search, "Booked again for"))


def _signed_in(booking_id: uuid.UUID, verb: str) -> Search:
    meeting = found_to_change(booking_id)
    action = url_for(f"booking.{verb}_meeting", booking_id=meeting.id)
    back = url_for("booking.meeting", booking_id=meeting.id)
    return Search(meeting, reader(), verb, action, back)


def _done(search: Search, what: str) -> ResponseReturnValue:
    when = format_when(search.meeting.starts_at, zone_of(search.person))
    flash(f"{what} {when}. Everyone is told by mail.", "good")
    return redirect(url_for("booking.meeting", booking_id=search.meeting.id), 303)


# -- for links as well -----------------------------------------------------------------------------


def answer(search: Search, done: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Act upon the time that was sent: done, or the page again with what stands in the way."""
    form = AnotherTimeForm()
    if not form.validate():
        return page(search, form), 422
    try:
        search.take(form)
    except NotOffered:
        form.refuse(NOT_OFFERED)
        return page(search, form), 422
    except SlotTaken as lost:
        nearest = picking.days_of(lost.alternatives, zone_of(search.person))
        return page(search, form, alternatives=nearest), 409
    except ChangedMeanwhile:
        if search.seen is not None:  # the link went with the time that it was about
            raise LinkRefused(410) from None
        return page(search, changed=True), 409
    except (MeetingOver, TooLate):
        return page(search, form), 409
    return done()


def page(search: Search, form: AnotherTimeForm | None = None, **more: Any) -> str:
    meeting, zone = search.meeting, zone_of(search.person)
    look = search.possible and search.in_time
    open_times = queries.moves(meeting) if look else []
    own_day = meeting.starts_at.astimezone(ZoneInfo(zone)).date()
    around = own_day if search.verb == "move" else None
    sent = picking.instant(form.slot.data or "") if form else None
    return render_template(
        "booking/move_meeting.html",
        search=search,
        meeting=meeting,
        title=meeting.title_for(search.person),
        form=form or AnotherTimeForm(formdata=None, sequence=meeting.sequence),
        until=meeting.change_until if meeting.bound_by_notice(search.person) else None,
        consultants=meeting.people("consultant"),
        month=picking.asked(open_times, zone, sent, around, likely=[meeting.time_zone]),
        zone=zone,
        **({"alternatives": None, "changed": False} | more),
    )
