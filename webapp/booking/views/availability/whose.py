"""Whose calendar a page is about, and who may change it: the consultant, or the firm for them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select

from webapp import clock
from webapp.access import Role
from webapp.booking.models.hours_lock import while_hours_change
from webapp.catalog.models import Consultant
from webapp.db import session

FIRMS_EDITORS = frozenset({Role.OWNER, Role.COORDINATOR})
EDITORS = (Role.CONSULTANT, Role.OWNER, Role.COORDINATOR)


def shown(consultant_id: uuid.UUID | None) -> Consultant:
    """The consultant with that id for the firm; one's own for a consultant; else 404."""
    if consultant_id is None and Role.CONSULTANT not in current_user.role_names:
        abort(403)
    rows = select(Consultant)
    if consultant_id is None or not current_user.role_names & FIRMS_EDITORS:
        rows = rows.where(Consultant.person_id == current_user.id)
    if consultant_id is not None:
        rows = rows.where(Consultant.id == consultant_id)
    return session.scalar(rows) or abort(404)


def changing(consultant_id: uuid.UUID | None, *others: uuid.UUID) -> Consultant:
    """The same, with nobody booking them (or the others) until this request is done."""
    consultant = shown(consultant_id)
    while_hours_change([consultant.id, *others])
    session.refresh(consultant)
    return consultant


def today_of(consultant: Consultant) -> date:
    return clock.now().astimezone(ZoneInfo(consultant.time_zone)).date()


def whose() -> dict[str, Any]:
    """What the addresses of this calendar's pages need besides their name."""
    named = (request.view_args or {}).get("consultant_id")
    return {"consultant_id": named} if named else {}


def address(page: str = "booking.availability", **values: Any) -> str:
    return url_for(page, **whose(), **values)


def page(template: str, consultant: Consultant, **context: Any) -> str:
    """A page of this calendar; `theirs` is the consultant's name when the firm reads it."""
    theirs = "" if consultant.person_id == current_user.id else consultant.name
    return render_template(
        f"booking/availability/{template}.html",
        consultant=consultant,
        theirs=theirs,
        address=address,
        **context,
    )
