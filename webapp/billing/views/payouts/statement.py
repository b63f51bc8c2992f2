"""A month's statement: as a page to print, as CSV, as PDF."""

from __future__ import annotations

import uuid
from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue

from webapp import audit, clock
from webapp.access import FIRM, Role, allow
from webapp.billing.paying_out.statement_pdf import as_pdf
from webapp.billing.paying_out.statements import (
    WORDS,
    Statement,
    as_csv,
    file_name,
    month_named,
    working_of,
)
from webapp.billing.views.payouts.found import consultant_of, own_consultant
from webapp.billing.views.room import blueprint
from webapp.catalog.models import Consultant

KINDS = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


@blueprint.get("/earnings/months/<month>")
@allow(Role.CONSULTANT)
def statement(month: str) -> ResponseReturnValue:
    return _page(own_consultant(), month, firm=False)


@blueprint.get("/earnings/months/<month>.<kind>")
@allow(Role.CONSULTANT)
def statement_file(month: str, kind: str) -> ResponseReturnValue:
    return _file(own_consultant(), month, kind)


@blueprint.get("/practice/payouts/<uuid:consultant_id>/months/<month>")
@allow(FIRM)
def consultant_statement(consultant_id: uuid.UUID, month: str) -> ResponseReturnValue:
    found = consultant_of(consultant_id)
    audit.record("statement.looked_at", found, month=month[:7])
    return _page(found, month, firm=True)


@blueprint.get("/practice/payouts/<uuid:consultant_id>/months/<month>.<kind>")
@allow(FIRM)
def consultant_statement_file(
    consultant_id: uuid.UUID, month: str, kind: str
) -> ResponseReturnValue:
    found = consultant_of(consultant_id)
    audit.record("statement.downloaded", found, month=month[:7], kind=kind[:3])
    return _file(found, month, kind)


def _page(consultant: Consultant, month: str, firm: bool) -> str:
    made = Statement.of(consultant, _month(month, consultant))
    return render_template(
        "billing/payouts/statement.html",
        statement=made,
        words=WORDS,
        working_of=working_of,
        firm=firm,
    )


def _file(consultant: Consultant, month: str, kind: str) -> Response:
    if kind not in KINDS:
        abort(404)
    made = Statement.of(consultant, _month(month, consultant))
    body = as_csv(made).encode() if kind == "csv" else as_pdf(made)
    answer = Response(body, content_type=KINDS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name(made, kind)}"'
    return answer


def _month(code: str, consultant: Consultant) -> date:
    """404 for what is no month, and for one that has not begun where the consultant is."""
    today = clock.now().astimezone(ZoneInfo(consultant.time_zone)).date()
    try:
        month = month_named(code)
    except ValueError:
        abort(404)
    return month if month <= today else abort(404)
