"""The blueprint that the firm's pages hang on."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from webapp.access import Role
from webapp.firm import wording
from webapp.web import firm_zone

# Who moves money and acts on Stripe's events; the rest of the firm reads.
KEEPERS = (Role.OWNER, Role.FINANCE)

blueprint = Blueprint("firm", __name__, template_folder="../templates", url_prefix="/practice")


@blueprint.context_processor
def words() -> dict[str, Any]:
    told = (wording.task_words, wording.subject_words, wording.engagement_of, wording.told)
    mine = current_user.role_names if current_user.is_authenticated else frozenset()
    more = {"keeps_books": bool(mine & frozenset(KEEPERS)), "firm_zone": firm_zone()}
    return {word.__name__: word for word in told} | more
