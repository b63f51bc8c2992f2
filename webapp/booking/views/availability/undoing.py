"""The way back from a change of a calendar: what stood before, as the part's own form sends it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import abort, request
from wtforms import FieldList, Form

from webapp.access import sign, unsign
from webapp.catalog.models import Consultant

# Sent along by the button that undoes, so that what follows is offered as what it is.
UNDOING = "undoing"


@dataclass(frozen=True)
class Undo:
    """page: where the fields are sent, a POST; label: what the button says."""

    page: str
    label: str
    fields: list[tuple[str, str]]


def undo_token(consultant: Consultant, page: str, label: str, form: Form) -> str:
    return sign("undo", json.dumps([str(consultant.id), page, label, list(sent_by(form))]))


def undo_of(consultant: Consultant, token: str) -> Undo:
    """What a link to undo is about; good for a day, and for that calendar alone."""
    whose, page, label, fields = json.loads(unsign("undo", token, max_age_days=1))
    if whose != str(consultant.id):
        abort(404)
    return Undo(page, label, [*((name, value) for name, value in fields), (UNDOING, "y")])


def undoing() -> bool:
    return UNDOING in request.form


def sent_by(form: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each field as a browser sends the form; empty ones are left out."""
    for field in form:
        if isinstance(field, FieldList):
            for entry in field:
                yield from sent_by(entry.form)
        elif field.name != "csrf_token" and (value := _written(field)):
            yield field.name, value


def _written(field: Any) -> str:
    if hasattr(field, "_value"):
        return str(field._value())
    value = getattr(field, "data", None)
    return "" if value is None else str(value)
