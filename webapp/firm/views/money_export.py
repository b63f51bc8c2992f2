"""The books as files: tables for an accountant, and a double-entry journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from webapp import audit, clock
from webapp.access import FIRM, allow
from webapp.billing.books import exports, journal
from webapp.db import session
from webapp.firm.money_forms import ExportForm
from webapp.firm.views.room import blueprint
from webapp.web import firm_zone


@blueprint.get("/money/export")
@allow(FIRM)
def money_export() -> ResponseReturnValue:
    """The form; with a choice in the address, the file."""
    form = ExportForm.of_request(clock.now().astimezone(ZoneInfo(firm_zone())).date())
    asked = "kind" in request.args
    if asked and form.validate():
        return _file(form.kind.data, *form.days())
    page = render_template("firm/money_export.html", form=form)
    return page, 422 if asked else 200


def _file(kind: str, first: date, last: date) -> Response:
    audit.record("books.exported", f"books:{kind}", first=str(first), last=str(last))
    ending, mimetype = ("beancount", "text/plain") if kind == "journal" else ("csv", "text/csv")
    name = f"{kind}-{first:%Y-%m}" + (
        f"-to-{last:%Y-%m}" if f"{first:%Y%m}" != f"{last:%Y%m}" else ""
    )
    title = f"{current_app.config['SETTINGS'].firm_name}, {first} to {last}"
    text = _streamed(_text(kind, first, last, firm_zone(), title))
    answer = Response(text, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return answer


def _streamed(text: Iterator[str]) -> Iterator[str]:
    """The rows are read while they are sent, after the request's own transaction is over."""
    try:
        yield from text
    finally:
        session.remove()


def _text(kind: str, first: date, last: date, zone: str, title: str) -> Iterator[str]:
    if kind == "journal":
        yield from journal.beancount(journal.journal(first, last, zone), title)
    else:
        yield from exports.csv_text(exports.rows_of(kind, first, last, zone))
