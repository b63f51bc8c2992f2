"""What a client owes, what comes next, what they paid, and how: one page for all they have."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.access import Role, allow
from webapp.accounts.models import Person
from webapp.billing.owing.standing import accounts_of
from webapp.billing.views.room import blueprint


@blueprint.get("/billing")
@allow(Role.SPONSOR, Role.BILLING)
def client_billing() -> ResponseReturnValue:
    person: Person = current_user._get_current_object()
    return render_template(
        "billing/client/billing.html", accounts=accounts_of(person), zone=person.time_zone
    )
