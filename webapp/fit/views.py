"""Which role helps: the comparison of the two."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.fit import roles

blueprint = Blueprint("fit", __name__, template_folder="templates")


@blueprint.get("/coo-or-integrator")
@allow(Open.ANYONE)
def compare() -> ResponseReturnValue:
    return render_template("fit/compare.html", roles=roles)
