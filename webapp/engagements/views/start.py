"""What the pages at /start/<token> share: the engagement behind the link, the time kept for it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import access, clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking import queries, waitlisting
from webapp.booking.models import Hold, NoCapacity, NotOffered, SlotTaken
from webapp.booking.models.changes import change_deadline
from webapp.booking.models.hold import ANYONE
from webapp.booking.picker import picking
from webapp.booking.walk import Step, walk
from webapp.db import session
from webapp.engagements.models import Engagement

BACK = {
    "time": "engagements.choose_slot",
    "details": "engagements.details",
    "agreement": "engagements.agreement",
}


def hold_of(token: str) -> Hold:
    """The hold that a signed link is about, or 404."""
    value = access.unsign("start", token)
    return session.get(Hold, uuid.UUID(value)) or abort(404)


def begun(token: str) -> Engagement:
    """Its engagement; without one yet, the details come first. A POST locks it."""
    engagement = Engagement.begun_with(hold_of(token))
    if engagement is None:
        abort(redirect(url_for("engagements.details", token=token), 303))
    return engagement.lock() if request.method == "POST" else engagement


def viewer() -> Person | None:
    return current_user._get_current_object() if current_user.is_authenticated else None


def coordinator() -> Person | None:
    """The viewer, when they book for clients."""
    person = viewer()
    return person if person and person.role_names & {Role.COORDINATOR, Role.OWNER} else None


def past_booking(engagement: Engagement | None, token: str) -> ResponseReturnValue | None:
    """Where to go instead, when this engagement is no longer being booked."""
    if engagement is None or engagement.stage == "enquiry":
        return None
    if engagement.stage == "signed":
        return redirect(url_for("billing.pay", token=token), 303)
    if engagement.stage == "lost":
        return render_template("engagements/lapsed.html", engagement=engagement), 410
    return redirect(url_for("billing.done", token=token), 303)


def needs_sign_in(engagement: Engagement) -> ResponseReturnValue | None:
    """A link alone never acts for a client who was signed in when they began."""
    owner, person = engagement.details.person_id, viewer()
    if not owner or (person and (str(person.id) == owner or coordinator())):
        return None
    if request.method == "POST":
        abort(401)
    return redirect(url_for("security.login", next=request.path))


# -- the time kept ---------------------------------------------------------------------------------


def asked_slot() -> datetime | None:
    """The alternative chosen on the page, if any; 422 for what is no instant."""
    text = request.form.get("slot", "")
    return (picking.instant(text) or abort(422)) if text else None


def keep_time(engagement: Engagement) -> None:
    """Move to the time chosen, or keep the one there is. Raises SlotTaken, or answers 422."""
    try:
        if chosen := asked_slot():
            engagement.change_slot(chosen, anyone=request.args.get("team") == ANYONE)
        else:
            engagement.hold.renew()
    except NotOffered:
        abort(422)


def alternatives(lost: SlotTaken, zone: str) -> dict[str, Any]:
    """What a page says about a time that is gone."""
    return {
        "lost": True,
        "full": isinstance(lost, NoCapacity),
        "slot_days": picking.days_of(lost.alternatives, zone),
    }


def over(hold: Hold, token: str) -> ResponseReturnValue | None:
    """What is said at once of a kick-off that is past, or of an offer from the line that ended.

    What was typed is kept: another time can be chosen with the same link.
    """
    past = hold.starts_at <= clock.now()
    if hold.live or hold.state == "confirmed" or not (past or waitlisting.entry_of(hold)):
        return None
    team = "+".join(who.slug for who in hold.team)
    page = render_template(
        "engagements/time_over.html",
        hold=hold,
        token=token,
        past=past,
        zone=hold.time_zone,
        open_times=queries.kickoffs(hold.offering, hold.team, hold),
        line=url_for("booking.join_waitlist", offering_slug=hold.offering.slug, team=team),
    )
    return page, 410


def page_context(
    hold: Hold, token: str, current: str, zone: str, signed: bool = False
) -> dict[str, Any]:
    """What the summary beside each of these pages shows, and how far along it is."""
    return {
        "hold": hold,
        "unchangeable": clock.now()
        >= change_deadline(hold.starts_at, [one.id for one in hold.team]),
        "offering": hold.offering,
        "past": hold.starts_at <= clock.now(),
        "zone": zone,
        "token": token,
        "walk": _walk(token, current, signed),
    }


def _walk(token: str, current: str, signed: bool) -> list[Step]:
    """How far along the whole booking is, with the way back to what was done here.

    The details are part of what was signed; from then on they cannot be changed.
    """
    pages = {label: page for label, page in BACK.items() if not (signed and label == "details")}
    return walk(current, **{label: url_for(page, token=token) for label, page in pages.items()})
