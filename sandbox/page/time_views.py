"""The clock: business time now, and moving it forward while the page shows how far it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.page import calendar
from sandbox.page.travel import OnTheWay, Travel
from webapp import clock, web

blueprint = Blueprint("time", __name__)
STEPS = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "hours": relativedelta(hours=2),
    "month": relativedelta(months=1),
}
FARTHEST = relativedelta(years=2)


def travel() -> Travel:
    found: Travel = current_app.extensions["travel"]
    return found


@blueprint.get("/time")
def clock_page() -> ResponseReturnValue:
    now = clock.now()
    return render_template(
        "time.html",
        now=now,
        machine=clock.machine_now(),
        travel=travel(),
        calendar_away=calendar.is_away(),
        earliest=local(now),
        latest=local(now + FARTHEST),
    )


def zone() -> ZoneInfo:
    """Where the reader is: the form takes local times."""
    return ZoneInfo(web.visitor_zone(current_app.config["FIRM_TIME_ZONE"]))


def local(instant: datetime) -> str:
    """As a datetime-local field has it."""
    return instant.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


@blueprint.post("/time/travels")
def set_out() -> ResponseReturnValue:
    try:
        travel().set_out(asked_for(clock.now()))
    except OnTheWay:
        flash("Time is already on its way; wait until it has arrived.", "warn")
    except ValueError as error:
        flash(str(error), "bad")
    return redirect(url_for("time.clock_page"), 303)


def asked_for(now: datetime) -> datetime:
    """The target in the form: a step from now, or a local date and time."""
    step = STEPS.get(request.form.get("step", ""))
    target = now + step if step else parse(request.form.get("to", ""))
    if target > now + FARTHEST:
        raise ValueError("Two years at a time is the most.")
    return target


def parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone())
    except ValueError:
        raise ValueError("Give a date and a time, such as 2027-01-31T09:00.") from None
