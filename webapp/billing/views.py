"""Pages of billing."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("billing", __name__, template_folder="templates")
