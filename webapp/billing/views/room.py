"""The room's blueprint, apart from its pages so that each of them can import it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("billing", __name__, template_folder="../templates")
