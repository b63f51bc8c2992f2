"""Storing a change of a calendar, once it is known what it collides with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import audit, outbox
from webapp.booking.hours.collisions import Collision, collisions
from webapp.booking.models.freed import freed
from webapp.booking.views.availability.whose import address, page
from webapp.catalog.models import Consultant
from webapp.db import session

# Not part of what was entered: made anew for the question.
OWN_FIELDS = frozenset({"csrf_token", "seen"})


def store(
    consultant: Consultant, part: str, message: str, change: Callable[[], None], **then: str
) -> ResponseReturnValue:
    """Make a change and say so; where it collides with what is booked, ask first (409).

    then: what the page that follows is told in its address.
    """
    found = made(consultant, change)
    if unseen(found):
        return ask(consultant, found)
    return done(consultant, part, message, found, **then)


def made(consultant: Consultant, change: Callable[[], None]) -> list[Collision]:
    """Make a change: what it puts outside the hours that was within them before."""
    before = {row.claim_id for row in collisions(consultant)}
    change()
    session.flush()
    return [row for row in collisions(consultant) if row.claim_id not in before]


def unseen(found: Sequence[Collision]) -> bool:
    """Whether there is any collision that whoever changes the calendar has not been shown."""
    return bool({str(row.claim_id) for row in found} - set(request.form.getlist("seen")))


def ask(
    consultant: Consultant, found: Sequence[Collision], taken_by: str = "",
    taken: Collection[uuid.UUID] = (),
) -> ResponseReturnValue:  # fmt: skip
    """Show the collisions before anything is stored: a 409 is rolled back.

    taken_by, taken: who stands in, and the ids of the meetings they can take.
    """
    entered = [pair for pair in request.form.items(multi=True) if pair[0] not in OWN_FIELDS]
    shown = page(
        "collisions", consultant, found=found, entered=entered, taken_by=taken_by, taken=taken
    )
    return shown, 409


def done(
    consultant: Consultant, part: str, message: str, found: Sequence[Collision] = (), **then: str
) -> ResponseReturnValue:
    """Write it down, tell the consultant if it was the firm, and show the calendar."""
    audit.record("availability.changed", consultant, part=part, collisions=len(found))
    if consultant.person_id != current_user.id:
        change = uuid.uuid4().hex
        outbox.enqueue("booking.availability_changed", consultant.id, part, len(found), change)
    freed()
    flash(message, "good")
    return redirect(address(**then), 303)
