"""The firm's money: what is due, paid, late and coming; what somebody has to see to."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.access import FIRM, allow
from webapp.billing.books import alarms
from webapp.billing.books.overview import AGE_LABELS, overview
from webapp.billing.models import Alert, Reconciliation
from webapp.db import session
from webapp.firm.views.room import KEEPERS, blueprint
from webapp.web import firm_zone


@blueprint.get("/money")
@allow(FIRM)
def money() -> ResponseReturnValue:
    return render_template(
        "firm/money.html",
        books=overview(firm_zone()),
        ages=AGE_LABELS,
        alerts=Alert.unsettled(),
        words=alarms.WORDS,
        run=Reconciliation.latest(),
    )


@blueprint.post("/money/alerts/<uuid:alert_id>/settle")
@allow(*KEEPERS)
def settle_alert(alert_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Alert, alert_id, with_for_update=True) or abort(404)
    found.settle(current_user)
    flash("Noted: seen to.", "good")
    return redirect(url_for("firm.money"), 303)
