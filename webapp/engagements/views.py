"""Pages of engagements."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("engagements", __name__, template_folder="templates")
