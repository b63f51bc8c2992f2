"""One meeting: moved to another time, or taken along as a calendar file."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.access import FIRM, SIGNED_IN, Role, allow
from webapp.booking import calendar_files, queries
from webapp.booking.forms import SlotForm
from webapp.booking.models import Booking, MeetingOver, NotOffered, SlotTaken
from webapp.booking.picking import day, days_of, week_of, zone_choices
from webapp.booking.views.room import blueprint
from webapp.clock import now
from webapp.db import session
from webapp.web import chosen_zone, format_when

MAY_MOVE = (FIRM, Role.CONSULTANT, Role.SPONSOR, Role.LEADER)
NOT_OFFERED = "The meeting cannot take place then. Choose one of the times shown."


@blueprint.get("/meetings/<uuid:booking_id>/move")
@allow(*MAY_MOVE)
def move_meeting(booking_id: uuid.UUID) -> ResponseReturnValue:
    return _page(_meeting(booking_id), SlotForm(formdata=None))


@blueprint.post("/meetings/<uuid:booking_id>/move")
@allow(*MAY_MOVE)
def send_move(booking_id: uuid.UUID) -> ResponseReturnValue:
    meeting = _meeting(booking_id)
    form = SlotForm()
    if not form.validate():
        return _page(meeting, form), 422
    try:
        meeting.move(form.starts_at)
    except NotOffered:
        form.refuse(NOT_OFFERED)
        return _page(meeting, form), 422
    except SlotTaken as lost:
        return _page(meeting, form, alternatives=days_of(lost.alternatives, _zone())), 409
    except MeetingOver:
        return _page(meeting, form), 409
    flash(f"Moved to {format_when(meeting.starts_at, _zone())}. Everyone is told by mail.", "good")
    return redirect(url_for("desk.engagement", engagement_id=meeting.engagement_id), 303)


@blueprint.get("/meetings/<uuid:booking_id>.ics")
@allow(SIGNED_IN)
def meeting_file(booking_id: uuid.UUID) -> ResponseReturnValue:
    meeting = _meeting(booking_id)
    title = meeting.title_for(current_user)
    file = Response(calendar_files.feed([meeting], title, current_user), mimetype="text/calendar")
    file.headers["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return file


def _meeting(booking_id: uuid.UUID) -> Booking:
    found = session.scalar(Booking.visible_to(current_user).where(Booking.id == booking_id))
    return found or abort(404)


def _zone() -> str:
    """The account's, whatever the browser says, unless another is chosen on the page."""
    return chosen_zone() or str(current_user.time_zone)


def _page(meeting: Booking, form: SlotForm, **more: Any) -> str:
    zone = _zone()
    open_times = queries.moves(meeting) if meeting.movable else []
    own_day = meeting.starts_at.astimezone(ZoneInfo(zone)).date()
    return render_template(
        "booking/move_meeting.html",
        meeting=meeting,
        form=form,
        week=week_of(open_times, zone, day(request.args.get("from")) or own_day),
        open_at_all=bool(open_times),
        zone=zone,
        zones=zone_choices(now()),
        **({"alternatives": None} | more),
    )
