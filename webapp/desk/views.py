"""Where a person starts: the consultant's roster, the client's home, one engagement's page."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import access, audit
from webapp.access import CLIENT, FIRM, SIGNED_IN, Role, allow
from webapp.accounts.models import Person
from webapp.booking.models import WaitlistEntry
from webapp.booking.outside.queries import unread_by
from webapp.desk.queries.engagement import Page, find
from webapp.desk.queries.needs import needs_of
from webapp.desk.queries.roster import bought_by, clients_of, lines, unfinished_of
from webapp.desk.queries.story import story_of
from webapp.engagements.models import Engagement
from webapp.paging import paged

blueprint = Blueprint("desk", __name__, template_folder="templates")

HOMES = (
    (FIRM, "firm.engagements"),
    (frozenset({Role.CONSULTANT}), "desk.roster"),
    (CLIENT, "desk.client_home"),
)


@blueprint.get("/home")
@allow(SIGNED_IN)
def home() -> ResponseReturnValue:
    """Where signing in leads; who holds several roles starts at the firm's."""
    roles = current_user.role_names
    return redirect(next(url_for(endpoint) for who, endpoint in HOMES if who & roles))


@blueprint.get("/roster")
@allow(Role.CONSULTANT)
def roster() -> ResponseReturnValue:
    viewer, past = _viewer(), "past" in request.args
    page = paged(clients_of(viewer, past))
    needs = [] if past else needs_of(viewer)
    return render_template(
        "desk/roster.html", page=page, lines=lines(page.rows), needs=needs, past=past,
        waiting=WaitlistEntry.waiting_for(viewer), unread=unread_by(viewer),
    )  # fmt: skip


@blueprint.get("/client")
@allow(CLIENT)
def client_home() -> ResponseReturnValue:
    """One engagement is shown at once; several are listed."""
    viewer = _viewer()
    rows = bought_by(viewer)
    unfinished = [(row, access.sign("start", str(row.hold_id))) for row in unfinished_of(viewer)]
    if len(rows) == 1 and not unfinished:
        return _engagement_page(rows[0])
    return render_template("desk/client_home.html", lines=lines(rows), unfinished=unfinished)


@blueprint.get("/engagements/<uuid:engagement_id>")
@allow(SIGNED_IN)
def engagement(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """One page for the client, the consultant and the firm, with what each may see and do."""
    found = find(_viewer(), engagement_id)
    if found is None:
        abort(404)
    return _engagement_page(found)


def _engagement_page(shown: Engagement) -> ResponseReturnValue:
    page = Page(shown, _viewer())
    if page.seat.firm:
        audit.record("engagement.viewed", shown)
    earlier, story = story_of(page)
    token = access.sign("start", str(shown.hold_id)) if page.may_finish else None
    return render_template(
        "desk/engagement.html",
        page=page,
        engagement=shown,
        seat=page.seat,
        earlier=earlier,
        story=story,
        token=token,
    )


def _viewer() -> Person:
    person: Person = current_user._get_current_object()
    return person
