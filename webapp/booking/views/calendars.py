"""One's own calendar: the meetings ahead, and the private address that programs subscribe to."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, and_, or_, select

from webapp import access, audit, clock
from webapp.access import SIGNED_IN, Open, Role, allow
from webapp.accounts.models import Person
from webapp.booking.files import calendar_files
from webapp.booking.files.calendar_links import (
    FILE_DAYS,
    PURPOSE,
    links_to_add,
    may_have,
    subscribe_links,
)
from webapp.booking.forms.changes import RemindersForm
from webapp.booking.models import Attendee, Booking, CalendarFeed, Reminder
from webapp.booking.models.changes import REBOOKABLE
from webapp.booking.models.meeting import (
    CLIENT_MAY_CHANGE,
    ENGAGEMENT,
    FIRM_MAY_CHANGE,
    UNDER_WAY,
)
from webapp.booking.views.room import blueprint
from webapp.db import session
from webapp.web import absolute_url

PAST_SHOWN = timedelta(days=90)
LATELY = timedelta(days=14)
LATELY_SHOWN = 30
# Each meeting's own page asks again whether it is theirs to move.
MOVERS = FIRM_MAY_CHANGE | CLIENT_MAY_CHANGE | {Role.CONSULTANT}
MOST_SHOWN = 500
FEED = "calendar feed"

blueprint.add_app_template_global(links_to_add)
blueprint.add_app_template_global(subscribe_links)


@blueprint.get("/calendar")
@allow(SIGNED_IN)
def calendar() -> ResponseReturnValue:
    return calendar_page()


def calendar_page(reminders: RemindersForm | None = None) -> str:
    offsets = Reminder.of(current_user)
    ahead = _attended(current_user).where(Booking.ends_at > clock.now(), Booking.state == "booked")
    return render_template(
        "booking/calendar.html",
        meetings=session.scalars(ahead.limit(50)).all(),
        lately=session.scalars(_lately(current_user)).all(),
        feed_url=feed_url(current_user),
        zone=current_user.time_zone,
        may_move=bool(current_user.role_names & MOVERS),
        reminders=reminders or RemindersForm(formdata=None, offsets=offsets),
    )


def _lately(person: Person) -> Select[Booking]:
    """What is over or called off: somebody may have to be marked as missing, or to rebook.

    Of what nobody has recorded also what is long past: it stays, above all else, until it is
    settled or its engagement has ended.
    """
    now = clock.now()
    over = or_(Booking.ends_at <= now, Booking.state.in_(REBOOKABLE))
    under_way = select(ENGAGEMENT.c.id).where(ENGAGEMENT.c.stage.in_(UNDER_WAY))
    unsettled = and_(Booking.state == "booked", Booking.engagement_id.in_(under_way))
    mine = _attended(person).where(or_(Booking.starts_at > now - LATELY, unsettled), over)
    first = mine.order_by(None).order_by(Booking.state != "booked", Booking.starts_at.desc())
    return first.limit(LATELY_SHOWN)


@blueprint.post("/calendar/address")
@allow(SIGNED_IN)
def renew_feed() -> ResponseReturnValue:
    """Make the private address, or a new one in place of the old."""
    known = session.get(CalendarFeed, current_user.id)
    if known:
        known.renew()
    else:
        session.add(CalendarFeed(person_id=current_user.id))
    audit.record("calendar.address_renewed", current_user._get_current_object())
    flash("Your calendar address is ready. The one before, if any, no longer works.", "good")
    return redirect(url_for("booking.calendar"), 303)


@blueprint.get("/calendar/<token>.ics")
@allow(Open.LINK)
def feed(token: str) -> ResponseReturnValue:
    """Whoever has the address reads the calendar; asked again unchanged, 304."""
    known = session.scalar(select(CalendarFeed).where(CalendarFeed.token == token))
    if known is None or not (known.person.active and known.person.role_names):
        # Programs go on asking for an address that has ended.
        access.note_bad_link(FEED)
        abort(404)
    since = Booking.starts_at > clock.now() - PAST_SHOWN
    rows = session.scalars(_attended(known.person).where(since).limit(MOST_SHOWN))
    name = str(current_app.config["SETTINGS"].firm_name)
    file = Response(calendar_files.feed(rows, name, known.person), mimetype="text/calendar")
    file.headers["Cache-Control"] = "private, no-cache"
    file.add_etag()
    return file.make_conditional(request)


@blueprint.get("/meetings/file/<token>.ics")
@allow(Open.LINK)
def linked_file(token: str) -> ResponseReturnValue:
    """One meeting as a file, for whoever it was sent to."""
    booking_id, _, person_id = access.unsign(PURPOSE, token, FILE_DAYS).partition(":")
    booking = session.get(Booking, uuid.UUID(booking_id)) or abort(404)
    reader = session.get(Person, uuid.UUID(person_id)) or abort(404)
    return as_file(booking, reader) if may_have(booking, reader) else abort(404)


def as_file(booking: Booking, reader: Person) -> Response:
    title = booking.title_for(reader)
    file = Response(calendar_files.feed([booking], title, reader), mimetype="text/calendar")
    file.headers["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return file


def feed_url(person: Person) -> str | None:
    """The person's address, or None while they have none: looking makes nothing."""
    known = session.get(CalendarFeed, person.id)
    return absolute_url("booking.feed", token=known.token) if known else None


def _attended(person: Person) -> Select[Booking]:
    mine = Booking.attendees.any(Attendee.person_id == person.id)
    return select(Booking).where(mine).order_by(Booking.starts_at)
