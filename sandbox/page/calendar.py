"""A calendar that a demo consultant keeps elsewhere: served here, read by the app as any is."""

from pathlib import Path

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from icalendar import Calendar

from sandbox.page.mails import store

blueprint = Blueprint("calendar", __name__)

FILE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Righthand sandbox//Somebody's own calendar//EN
X-WR-TIMEZONE:Europe/London
BEGIN:VEVENT
UID:choir@sandbox
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/London:20260107T120000
DTEND;TZID=Europe/London:20260107T133000
RRULE:FREQ=WEEKLY
SUMMARY:Choir
END:VEVENT
BEGIN:VEVENT
UID:school@sandbox
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/London:20260102T083000
DTEND;TZID=Europe/London:20260102T093000
RRULE:FREQ=WEEKLY
SUMMARY:Take the children to school
END:VEVENT
BEGIN:VEVENT
UID:birthday@sandbox
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260106
RRULE:FREQ=MONTHLY
TRANSP:TRANSPARENT
SUMMARY:Somebody's birthday\\, which takes no time
END:VEVENT
END:VCALENDAR
"""


@blueprint.get("/calendars/own.ics")
def own() -> ResponseReturnValue:
    """Asked again unchanged, 304: as a good calendar server answers; 503 while switched off."""
    if is_away():
        abort(503)
    written = Calendar.from_ical(FILE)
    written.add_missing_timezones()
    answer = Response(written.to_ical(), mimetype="text/calendar")
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.post("/calendars/own/switch")
def switch() -> ResponseReturnValue:
    """Let the calendar fail, or answer again."""
    if request.form.get("away") == "y":
        away().touch()
        flash("The calendar does not answer any more. Move time two hours forward.", "warn")
    else:
        away().unlink(missing_ok=True)
        flash("The calendar answers again; it is read within a quarter of an hour.", "good")
    return redirect(url_for("time.clock_page"), 303)


def is_away() -> bool:
    return away().exists()


def away() -> Path:
    """A file that stands while the calendar does not answer; it outlives the page's process."""
    return store().folder.parent / "calendar-away"
