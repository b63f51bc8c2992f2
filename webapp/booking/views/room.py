"""The blueprint that the pages of booking hang on."""

from flask import Blueprint

blueprint = Blueprint("booking", __name__, template_folder="../templates")
