"""The kick-off time: shown in the visitor's zone, held for whoever sends it first."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import access, db
from webapp.access import Open, allow
from webapp.booking.forms.slots import TakeSlotForm
from webapp.booking.models import Hold, NoCapacity, NotOffered, SlotTaken, TooManyHeld
from webapp.booking.models.hold import ANYONE
from webapp.booking.models.seat import seats_of
from webapp.booking.picker import picking
from webapp.booking.staffing.choice import Choice, choice_of
from webapp.booking.views.choosing import back_from_consultant, books_for_clients, no_longer_sold
from webapp.booking.views.room import blueprint
from webapp.booking.walk import walk
from webapp.catalog import wording
from webapp.web import format_when, visitor_zone

NOT_OFFERED = "That time cannot be booked. Choose one of those shown."
SENT_KEY = re.compile(r"[!-~]{16,200}")


class Picking:
    """One look at the times of a choice, in the visitor's zone."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.zone = visitor_zone(choice.zones[0])

    def shown(self, form: TakeSlotForm, **more: Any) -> str:
        choice = self.choice
        sent = picking.instant(form.slot.data or "")
        chosen = sent or (choice.held.starts_at if choice.held else None)
        month = picking.asked(choice.open_times, self.zone, chosen, likely=choice.zones)
        back = back_from_consultant(choice.offering)
        back["consultant"] = url_for(
            "booking.choose_consultant", offering_slug=choice.offering.slug
        )
        return render_template(
            "booking/choose_slot.html",
            choice=choice, offering=choice.offering, team=choice.team, form=form, month=month,
            seats=seats_of(choice.offering, choice.team) if choice.team else [],
            steps_done=walk("Time", **back),
            wording=wording, for_client=books_for_clients(), **more,
        )  # fmt: skip


@blueprint.get("/book/<offering_slug>/<team>")
@allow(Open.ANYONE)
def choose_slot(offering_slug: str, team: str) -> ResponseReturnValue:
    choice = _choice(offering_slug, team)
    if not choice.offering.sold:
        return no_longer_sold(choice.offering)
    form = TakeSlotForm(formdata=None, request_key=uuid.uuid4().hex)
    return Picking(choice).shown(form, alternatives=None)


@blueprint.post("/book/<offering_slug>/<team>")
@allow(Open.ANYONE)
def take_slot(offering_slug: str, team: str) -> ResponseReturnValue:
    """Hold the time that was sent, once for each page shown."""
    choice = _choice(offering_slug, team)
    if not choice.offering.sold:
        return no_longer_sold(choice.offering)
    form, page = TakeSlotForm(), Picking(choice)
    if not form.validate():
        return page.shown(form, alternatives=None), 422
    if choice.held and choice.held.starts_at != form.starts_at:
        # What was typed for the time held so far goes along.
        token = access.sign("start", str(choice.held.id))
        anew = ANYONE if choice.slug == ANYONE else None
        return redirect(url_for("engagements.change_slot", token=token, team=anew), 307)
    return _take(page, form)


def _take(page: Picking, form: TakeSlotForm) -> ResponseReturnValue:
    try:
        held = _held(page, form)
    except NotOffered:
        form.refuse(NOT_OFFERED)
        return page.shown(form, alternatives=None), 422
    except TooManyHeld:
        return page.shown(form, alternatives=None, too_many=True), 429
    except NoCapacity:
        return page.shown(form, alternatives=None, full=True), 409
    except SlotTaken as lost:
        near = lost.alternatives or page.choice.nearest(form.starts_at)
        return page.shown(form, alternatives=picking.days_of(near, page.zone)), 409
    session["hold"] = str(held.id)
    if held.starts_at != form.starts_at:
        return _begun_before(held, page.zone)
    if not page.choice.team:
        flash(f"Your kick-off is with {held.team_names}.", "good")
    return redirect(url_for("engagements.details", token=access.sign("start", str(held.id))), 303)


def _begun_before(held: Hold, zone: str) -> ResponseReturnValue:
    """An old form, sent again for another time: its booking is under way, and changed there."""
    when = format_when(held.starts_at, zone)
    flash(f"You have begun this booking already, for {when}. Its time can be changed here.", "warn")
    token = access.sign("start", str(held.id))
    return redirect(url_for("engagements.choose_slot", token=token), 303)


def _held(page: Picking, form: TakeSlotForm) -> Hold:
    choice = page.choice
    if choice.held:
        choice.held.renew()
        return choice.held
    if choice.own and not choice.own.awaits_payment:
        choice.own.release()
    return choice.take(form.starts_at, page.zone, form.key or _sent_key(), _counted_address())


def _sent_key() -> str | None:
    """The Idempotency-Key header of a program, counted for its own address alone.

    One that another could easily have chosen too is refused: it would be given their booking.
    """
    sent = request.headers.get("Idempotency-Key", "")
    if not sent:
        return None
    if not SENT_KEY.fullmatch(sent):
        abort(400, "An Idempotency-Key has 16 to 200 visible characters.")
    return hashlib.sha256(f"{request.remote_addr} {sent}".encode()).hexdigest()


def _counted_address() -> str:
    """Where the visitor comes from; '' for the firm's people, who book for many clients."""
    if current_user.is_authenticated and current_user.in_firm:
        return ""
    return request.remote_addr or ""


def own_hold() -> Hold | None:
    """What this browser took last."""
    known = session.get("hold")
    return db.session.get(Hold, uuid.UUID(known)) if known else None


def _choice(offering_slug: str, team: str) -> Choice:
    return choice_of(offering_slug, team, own_hold()) or abort(404)
