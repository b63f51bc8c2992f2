"""A consultant's earnings."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from webapp.access import Role, allow
from webapp.billing.views.payouts.found import earnings_of, own_consultant
from webapp.billing.views.room import blueprint


@blueprint.get("/earnings")
@allow(Role.CONSULTANT)
def earnings() -> ResponseReturnValue:
    """What they earned, what waits and why, what was sent, and how far their account is."""
    return render_template("billing/payouts/earnings.html", **earnings_of(own_consultant()))
