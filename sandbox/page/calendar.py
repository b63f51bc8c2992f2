"""A calendar that a demo consultant keeps elsewhere: served here, read by the app as any is."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from icalendar import Calendar

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
    """Asked again unchanged, 304: as a good calendar server answers."""
    written = Calendar.from_ical(FILE)
    written.add_missing_timezones()
    answer = Response(written.to_ical(), mimetype="text/calendar")
    answer.add_etag()
    return answer.make_conditional(request)
