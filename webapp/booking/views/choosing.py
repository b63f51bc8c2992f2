"""Booking an engagement, before the time: role, offering, consultant."""

from __future__ import annotations

from datetime import date

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.access import Open, Role, allow
from webapp.booking import queries
from webapp.booking.models.capacity import months_from
from webapp.booking.picker.picking import day
from webapp.booking.staffing.bench import Bench
from webapp.booking.views.room import blueprint
from webapp.booking.walk import walk
from webapp.catalog import wording
from webapp.catalog.models import ROLE_LABELS, Consultant, Offering
from webapp.catalog.queries import on_sale, with_slug
from webapp.clock import now
from webapp.paging import slice_of
from webapp.web import firm_zone, visitor_zone

MONTHS_OFFERED = 3
PER_PAGE = 12
TWO = "two"


def books_for_clients() -> bool:
    """Whether the viewer sells for the firm."""
    return bool(
        current_user.is_authenticated and current_user.role_names & {Role.OWNER, Role.COORDINATOR}
    )


@blueprint.get("/book")
@allow(Open.ANYONE)
def start() -> ResponseReturnValue:
    """Choose the role, then the offering; the address says which role was chosen."""
    role = request.args.get("role")
    offerings = on_sale()
    if role not in ROLE_LABELS:
        sold = {offering.role for offering in offerings}
        return render_template(
            "booking/role.html", roles=[key for key in ROLE_LABELS if key in sold],
            steps_done=walk("Role"), for_client=books_for_clients(),
        )  # fmt: skip
    return render_template(
        "booking/offering.html",
        offerings=[offering for offering in offerings if offering.role == role],
        role=role,
        role_label=ROLE_LABELS[role],
        wording=wording,
        steps_done=walk("Offering", role=url_for("booking.start")),
        for_client=books_for_clients(),
    )


@blueprint.get("/book/<offering_slug>")
@allow(Open.ANYONE)
def choose_consultant(offering_slug: str) -> ResponseReturnValue:
    offering = with_slug(offering_slug)
    if offering is None:
        abort(404)
    if not offering.sold:
        return no_longer_sold(offering)
    month, able = _month_asked_for(), queries.able_for(offering)
    two = offering.role == "both" and request.args.get("with") == TWO
    lead = _lead_asked_for(able) if two else None
    if lead:
        rows = queries.who_can_join(able, lead, month)
    elif two:
        rows = queries.who_can_lead(able, month)
    else:
        rows = queries.who_can_start(offering, month, able)
    return render_template(
        "booking/choose_consultant.html",
        offering=offering,
        page=slice_of(rows, PER_PAGE),
        two=two,
        lead=lead,
        first_of_anyone=queries.first_of_anyone(able, month),
        months=months_from(now().date(), MONTHS_OFFERED),
        month=month,
        zone=visitor_zone(firm_zone()),
        wording=wording,
        steps_done=walk("Consultant", **back_from_consultant(offering)),
        for_client=books_for_clients(),
    )


def _lead_asked_for(able: Bench) -> Consultant | None:
    """?coo=ada, of those who have the days; anybody else is not chosen yet."""
    asked = request.args.get("coo")
    return next((one.consultant for one in able.leads if one.consultant.slug == asked), None)


def back_from_consultant(offering: Offering) -> dict[str, str]:
    start_page = url_for("booking.start")
    return {"role": start_page, "offering": url_for("booking.start", role=offering.role)}


def no_longer_sold(offering: Offering) -> ResponseReturnValue:
    page = render_template(
        "booking/no_longer_sold.html", offering=offering, others=on_sale(offering.role),
        wording=wording,
    )  # fmt: skip
    return page, 410


def _month_asked_for() -> date | None:
    """?start=2027-01, among those on offer; anything else is as soon as possible."""
    asked = day(request.args.get("start", "") + "-01")
    return asked if asked in months_from(now().date(), MONTHS_OFFERED) else None
