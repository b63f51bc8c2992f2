"""The blueprint that the firm's pages hang on."""

from flask import Blueprint

blueprint = Blueprint("firm", __name__, template_folder="../templates", url_prefix="/practice")
