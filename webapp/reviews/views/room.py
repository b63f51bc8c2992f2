"""What the pages of reviews share: their blueprint, and who may do what."""

from __future__ import annotations

from flask import Blueprint, abort
from flask_login import current_user

from webapp import audit
from webapp.engagements.models import Engagement
from webapp.engagements.stages import Actor

blueprint = Blueprint("reviews", __name__, template_folder="../templates")

RUN_IT = frozenset({Actor.CONSULTANT, Actor.COORDINATOR, Actor.OWNER})
CHOOSE_ITS_TIME = RUN_IT | {Actor.CLIENT}
ASK = frozenset({Actor.SPONSOR})


def must_be(engagement: Engagement, actors: frozenset[Actor], about: object) -> None:
    """403 for a person whose role is in another engagement than this one."""
    if not engagement.is_to(current_user) & actors:
        audit.record_refusal("access.refused", about)
        abort(403)
