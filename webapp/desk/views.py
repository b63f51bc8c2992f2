"""Pages of desk."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("desk", __name__, template_folder="templates")
