"""One's own calendar: the meetings ahead, and the private address that programs subscribe to."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, select

from webapp import audit, clock
from webapp.access import SIGNED_IN, Open, allow
from webapp.accounts.models import Person
from webapp.booking import calendar_files
from webapp.booking.change_forms import RemindersForm
from webapp.booking.models import Attendee, Booking, CalendarFeed, Reminder
from webapp.booking.views.room import blueprint
from webapp.db import session
from webapp.web import absolute_url

PAST_SHOWN = timedelta(days=90)


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
        feed_url=feed_url(current_user),
        zone=current_user.time_zone,
        reminders=reminders or RemindersForm(formdata=None, offsets=offsets),
    )


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
    if known is None or not known.person.active:
        audit.record_refusal("link.refused", "calendar feed")
        abort(404)
    rows = _attended(known.person).where(Booking.starts_at > clock.now() - PAST_SHOWN)
    file = Response(
        calendar_files.feed(session.scalars(rows), "Righthand", known.person),
        mimetype="text/calendar",
    )
    file.headers["Cache-Control"] = "private, no-cache"
    file.add_etag()
    return file.make_conditional(request)


def feed_url(person: Person) -> str | None:
    """The person's address, or None while they have none: looking makes nothing."""
    known = session.get(CalendarFeed, person.id)
    return absolute_url("booking.feed", token=known.token) if known else None


def _attended(person: Person) -> Select[Booking]:
    mine = Booking.attendees.any(Attendee.person_id == person.id)
    return select(Booking).where(mine).order_by(Booking.starts_at)
