"""The public list of consultants, and each one's profile."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.booking import queries
from webapp.booking.picker import picking
from webapp.booking.views.room import blueprint
from webapp.catalog.models import ROLE_LABELS, Consultant, Offering
from webapp.catalog.queries import on_sale
from webapp.paging import paged
from webapp.web import firm_zone, visitor_zone

PER_PAGE = 12
NEEDED = {"coo": {"coo"}, "integrator": {"integrator"}, "both": {"coo", "integrator"}}


@blueprint.get("/consultants")
@allow(Open.ANYONE)
def consultants() -> ResponseReturnValue:
    role = request.args.get("role", "")
    page = paged(queries.published(NEEDED.get(role, set())), PER_PAGE)
    return render_template(
        "booking/consultants.html",
        page=page,
        rows=queries.listed(page.rows),
        role=role if role in NEEDED else None,
        role_labels=ROLE_LABELS,
        zone=visitor_zone(firm_zone()),
    )


@blueprint.get("/consultants/<slug>")
@allow(Open.ANYONE)
def consultant(slug: str) -> ResponseReturnValue:
    found = queries.with_slug(slug)
    if found is None:
        abort(404)
    [row] = queries.listed([found])
    zone = visitor_zone(found.time_zone)
    offerings = _for(found, on_sale())
    startable = queries.kickoffs_by_offering(found, offerings)
    open_times = sorted({at for starts in startable.values() for at in starts})
    return render_template(
        "booking/consultant.html",
        row=row,
        consultant=found,
        offerings=offerings,
        startable=startable,
        month=picking.asked(open_times, zone, likely=[found.time_zone]),
    )


def _for(who: Consultant, offerings: Sequence[Offering]) -> list[Offering]:
    return [offering for offering in offerings if who.can_fill(offering)]
