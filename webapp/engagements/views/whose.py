"""Whose engagement a page is about: found through its viewer, locked where it is to change."""

from __future__ import annotations

import uuid

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import audit
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.stages import Actor
from webapp.engagements.views.start import viewer


def theirs(engagement_id: uuid.UUID) -> Engagement:
    """The viewer's engagement, or 404; locked where it is about to change."""
    mine = Engagement.visible_to(who()).where(Engagement.id == engagement_id)
    found: Engagement = session.scalar(mine) or abort(404)
    return found.lock() if request.method == "POST" else found


def who() -> Person:
    """The viewer of a page that only people who signed in see."""
    person = viewer()
    assert person is not None
    return person


def must_be(engagement: Engagement, *actors: Actor) -> None:
    """403 for a person whose role is in another engagement than this one."""
    if not engagement.is_to(viewer()) & frozenset(actors):
        audit.record_refusal("access.refused", engagement, path=request.path)
        abort(403)


def its_page(engagement: Engagement) -> Response:
    return redirect(url_for("desk.engagement", engagement_id=engagement.id), 303)
