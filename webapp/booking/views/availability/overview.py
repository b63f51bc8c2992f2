"""The calendar as it comes out: its weeks, and everything that shapes them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from webapp import audit
from webapp.access import allow
from webapp.booking.days import holiday_names
from webapp.booking.forms.rules import length
from webapp.booking.hours.collisions import collisions
from webapp.booking.hours.weeks import week_of
from webapp.booking.hours.windows import write_hours
from webapp.booking.models import Absence, CalendarRules, DateOverride, Travel
from webapp.booking.models.opening_hours import default_rules
from webapp.booking.outside.queries import unread
from webapp.booking.picker.picking import day
from webapp.booking.views.availability.hours import weekly_hours
from webapp.booking.views.availability.undoing import undo_of
from webapp.booking.views.availability.whose import EDITORS, page, shown, today_of
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.web import zone_label

HOLIDAYS_SHOWN = 4


@blueprint.get("/availability")
@blueprint.get("/consultants/<uuid:consultant_id>/availability")
@allow(*EDITORS)
def availability(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    own, undo = consultant.person_id == current_user.id, request.args.get("undo")
    if not own:
        audit.record("availability.looked_at", consultant)
    return page(
        "overview",
        consultant,
        week=week_of(consultant, day(request.args.get("week")), own),
        unread=unread(consultant),
        outside=collisions(consultant),
        hours=weekly_hours(consultant),
        undo=undo_of(consultant, undo) if undo else None,
        rules=session.get(CalendarRules, consultant.id) or default_rules(consultant.id),
        length=length,
        write_hours=write_hours,
        zone_label=zone_label(consultant.time_zone),
        holidays=_holidays(consultant),
        **_entries(consultant),
    )


def _entries(consultant: Consultant) -> dict[str, Any]:
    """What is set for single dates, in order, without what is over."""
    today = today_of(consultant)
    own = DateOverride.consultant_id == consultant.id, DateOverride.on >= today
    return {
        "today": today,
        "dates": session.scalars(select(DateOverride).where(*own).order_by(DateOverride.on)).all(),
        "absences": _to_come(Absence, consultant),
        "travel": _to_come(Travel, consultant),
    }


def _to_come(noun: Any, consultant: Consultant) -> Any:
    rows = select(noun).where(noun.consultant_id == consultant.id)
    return session.scalars(rows.where(noun.last >= today_of(consultant)).order_by(noun.first)).all()


def _holidays(consultant: Consultant) -> list[tuple[Any, str]]:
    """The next ones of their country: (date, name)."""
    today = today_of(consultant)
    try:
        years = [holiday_names(consultant.country, year) for year in (today.year, today.year + 1)]
    except ValueError:
        return []
    found = sorted(pair for names in years for pair in names.items() if pair[0] >= today)
    return found[:HOLIDAYS_SHOWN]
