"""The front page and the offerings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, has_request_context, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.catalog import queries, wording
from webapp.catalog.models import ROLE_LABELS

blueprint = Blueprint("catalog", __name__, template_folder="templates")

FOOTER = (
    ("COO or Integrator?", "fit.compare"),
    ("Offerings", "catalog.offerings"),
    ("Consultants", "booking.consultants"),
    ("Book an engagement", "booking.start"),
)


def init(app: Flask) -> None:
    app.context_processor(footer)


def footer() -> dict[str, Any]:
    """Links at the foot of every page; mails have none."""
    if not has_request_context():
        return {}
    return {"how_it_works": [{"label": label, "url": url_for(page)} for label, page in FOOTER]}


@blueprint.get("/")
@allow(Open.ANYONE)
def home() -> ResponseReturnValue:
    return render_template(
        "catalog/home.html",
        offerings=queries.one_of_each(queries.on_sale()),
        wording=wording,
    )


@blueprint.get("/offerings")
@allow(Open.ANYONE)
def offerings() -> ResponseReturnValue:
    role = request.args.get("role")
    return render_template(
        "catalog/offerings.html",
        offerings=queries.on_sale(role),
        role=role if role in ROLE_LABELS else None,
        role_labels=ROLE_LABELS,
        wording=wording,
    )


@blueprint.get("/offerings/<slug>")
@allow(Open.ANYONE)
def offering(slug: str) -> ResponseReturnValue:
    """An offering; one no longer sold still says so to those who kept the link."""
    found = queries.with_slug(slug)
    if found is None:
        abort(404)
    page = render_template(
        "catalog/offering.html", offering=found, wording=wording, others=queries.on_sale(found.role)
    )
    return page, 200 if found.sold else 410
