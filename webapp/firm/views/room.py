"""The blueprint that the firm's pages hang on."""

from typing import Any

from flask import Blueprint

from webapp.firm import wording

blueprint = Blueprint("firm", __name__, template_folder="../templates", url_prefix="/practice")


@blueprint.context_processor
def words() -> dict[str, Any]:
    told = (wording.task_words, wording.subject_words, wording.engagement_of, wording.told)
    return {word.__name__: word for word in told}
