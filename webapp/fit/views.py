"""Pages of fit."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("fit", __name__, template_folder="templates")
