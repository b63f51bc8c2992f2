"""A consultant's own hours: weekly, on single dates, and the rules around a meeting."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import delete, select

from webapp import audit
from webapp.access import Role, allow
from webapp.booking import queries
from webapp.booking.coming_days import coming_days
from webapp.booking.forms import OverrideForm, RulesForm, WeeklyForm
from webapp.booking.hours_text import write_hours
from webapp.booking.models import CalendarRules, DateOverride, WeeklyWindow
from webapp.booking.models.opening_hours import default_rules
from webapp.booking.views.calendars import feed_url
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.web import zone_label


@blueprint.get("/availability")
@allow(Role.CONSULTANT)
def availability() -> ResponseReturnValue:
    return _page(_mine())


@blueprint.post("/availability/hours")
@allow(Role.CONSULTANT)
def set_hours() -> ResponseReturnValue:
    mine, form = _mine(), WeeklyForm()
    if not form.validate():
        return _page(mine, weekly=form), 422
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == mine.id))
    session.add_all(form.rows(mine))
    return _saved(mine, "hours", "Your weekly hours are saved.")


@blueprint.post("/availability/dates")
@allow(Role.CONSULTANT)
def set_date() -> ResponseReturnValue:
    """Other hours on one date; what stood for that date before is replaced."""
    mine, form = _mine(), OverrideForm()
    if not form.validate():
        return _page(mine, override=form), 422
    same = DateOverride.consultant_id == mine.id, DateOverride.on == form.on.data
    session.execute(delete(DateOverride).where(*same))
    session.add(
        DateOverride(
            consultant_id=mine.id, on=form.on.data, windows=form.windows, note=form.note.data or ""
        )
    )
    return _saved(mine, "date", "That date is saved.")


@blueprint.post("/availability/dates/<uuid:override_id>/removal")
@allow(Role.CONSULTANT)
def remove_date(override_id: uuid.UUID) -> ResponseReturnValue:
    mine = _mine()
    found = session.get(DateOverride, override_id)
    if found is None or found.consultant_id != mine.id:
        abort(404)
    session.delete(found)
    return _saved(mine, "date", "Your weekly hours hold again on that date.")


@blueprint.post("/availability/rules")
@allow(Role.CONSULTANT)
def set_rules() -> ResponseReturnValue:
    mine, form = _mine(), RulesForm()
    if not form.validate():
        return _page(mine, rules=form), 422
    rules = session.get(CalendarRules, mine.id) or default_rules(mine.id)
    form.apply(rules)
    session.add(rules)
    return _saved(mine, "rules", "Your rules are saved.")


def _mine() -> Consultant:
    """The viewer's own calendar; changes to it queue up, so that none meets another half-way."""
    own = select(Consultant).where(Consultant.person_id == current_user.id)
    return session.scalar(own.with_for_update(of=Consultant, key_share=True)) or abort(404)


def _saved(mine: Consultant, part: str, message: str) -> ResponseReturnValue:
    session.flush()
    audit.record("availability.changed", mine, part=part)
    flash(message, "good")
    return redirect(url_for("booking.availability"), 303)


def _page(mine: Consultant, **sent: Any) -> str:
    rules = session.get(CalendarRules, mine.id) or default_rules(mine.id)
    overrides = _overrides(mine)
    forms = {
        "weekly": WeeklyForm(formdata=None, data=_weekly(mine)),
        "override": OverrideForm(formdata=None),
        "rules": RulesForm(formdata=None, obj=rules),
    }
    return render_template(
        "booking/availability.html",
        consultant=mine,
        zone_label=zone_label(mine.time_zone),
        overrides=overrides,
        outside=queries.outside_hours(mine),
        days=coming_days(mine),
        feed_url=feed_url(current_user),
        **(forms | sent),
    )


def _weekly(mine: Consultant) -> dict[str, str]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in session.scalars(select(WeeklyWindow).where(WeeklyWindow.consultant_id == mine.id)):
        found.setdefault(f"day_{row.weekday}", []).append((row.starts, row.ends))
    return {day: write_hours(windows) for day, windows in found.items()}


def _overrides(mine: Consultant) -> list[tuple[DateOverride, str]]:
    """Dates with other hours, with these in words."""
    rows = queries.overrides_of(mine)
    return [(row, hours_in_words(row)) for row in rows]


def hours_in_words(row: DateOverride) -> str:
    return write_hours(row.pairs) or "Day off"
