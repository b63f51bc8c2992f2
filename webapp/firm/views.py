"""Pages of firm."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("firm", __name__, template_folder="templates")
