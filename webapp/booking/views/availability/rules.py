"""The rules around a meeting."""

from __future__ import annotations

import uuid

from flask.typing import ResponseReturnValue

from webapp.access import allow
from webapp.booking.forms.rules import RulesForm
from webapp.booking.models import CalendarRules
from webapp.booking.models.opening_hours import default_rules
from webapp.booking.views.availability.storing import store
from webapp.booking.views.availability.undoing import undo_token, undoing
from webapp.booking.views.availability.whose import EDITORS, changing, page, shown
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/availability/rules")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/rules")
@allow(*EDITORS)
def edit_rules(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    return page("rules", consultant, form=RulesForm.of(_rules(consultant), consultant))


@blueprint.post("/availability/rules")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/rules")
@allow(*EDITORS)
def set_rules(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = changing(consultant_id)
    rules = _rules(consultant)
    form = RulesForm.of(rules, consultant, sent=True)
    if not form.validate():
        return page("rules", consultant, form=form), 422

    label = "Put the changed rules back" if undoing() else "Bring back the rules of before"
    before = RulesForm.of(rules, consultant)
    undo = undo_token(consultant, "booking.set_rules", label, before)

    def change() -> None:
        form.apply(rules, consultant)
        session.add(rules)

    message = "The rules of before are back." if undoing() else "The rules are saved."
    return store(consultant, "rules", message, change, undo=undo)


def _rules(consultant: Consultant) -> CalendarRules:
    return session.get(CalendarRules, consultant.id) or default_rules(consultant.id)
