"""The kick-off time: shown in the visitor's zone, held for whoever sends it first."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp import access, db
from webapp.access import Open, allow
from webapp.booking import picking, queries
from webapp.booking.forms import TakeSlotForm
from webapp.booking.models import Hold, NoCapacity, NotOffered, SlotTaken, TooManyHeld
from webapp.booking.views.choosing import back_from_consultant, books_for_clients, no_longer_sold
from webapp.booking.views.room import blueprint
from webapp.booking.walk import walk
from webapp.catalog import wording
from webapp.catalog.models import Consultant, Offering
from webapp.catalog.queries import with_slug
from webapp.web import visitor_zone

NOT_OFFERED = "That time cannot be booked. Choose one of those shown."


class Choice:
    """What is being booked, with whom, and what this visitor holds of it already."""

    def __init__(self, offering: Offering, consultant: Consultant) -> None:
        self.offering, self.consultant = offering, consultant
        self.zone = visitor_zone(consultant.time_zone)
        self.own = own_hold(consultant)

    @property
    def held(self) -> Hold | None:
        """This visitor's hold for the very same booking."""
        return self.own if self.own and self.own.offering_id == self.offering.id else None

    def page(self, form: TakeSlotForm, **more: Any) -> str:
        open_times = queries.kickoffs(self.offering, self.consultant, self.own)
        sent = picking.instant(form.slot.data or "")
        chosen = sent or (self.held.starts_at if self.held else None)
        likely = [self.consultant.time_zone]
        month = picking.asked(open_times, self.zone, chosen, likely=likely)
        back = back_from_consultant(self.offering)
        back["consultant"] = url_for("booking.choose_consultant", offering_slug=self.offering.slug)
        return render_template(
            "booking/choose_slot.html",
            offering=self.offering, consultant=self.consultant, form=form, month=month,
            steps_done=walk("Time", **back),
            wording=wording, for_client=books_for_clients(), **more,
        )  # fmt: skip


@blueprint.get("/book/<offering_slug>/<consultant_slug>")
@allow(Open.ANYONE)
def choose_slot(offering_slug: str, consultant_slug: str) -> ResponseReturnValue:
    choice = _choice(offering_slug, consultant_slug)
    if not choice.offering.sold:
        return no_longer_sold(choice.offering)
    form = TakeSlotForm(formdata=None, request_key=uuid.uuid4().hex)
    return choice.page(form, alternatives=None)


@blueprint.post("/book/<offering_slug>/<consultant_slug>")
@allow(Open.ANYONE)
def take_slot(offering_slug: str, consultant_slug: str) -> ResponseReturnValue:
    """Hold the time that was sent, once for each page shown."""
    choice = _choice(offering_slug, consultant_slug)
    if not choice.offering.sold:
        return no_longer_sold(choice.offering)
    form = TakeSlotForm()
    if not form.validate():
        return choice.page(form, alternatives=None), 422
    if choice.held and choice.held.starts_at != form.starts_at:
        # What was typed for the time held so far goes along.
        token = access.sign("start", str(choice.held.id))
        return redirect(url_for("engagements.change_slot", token=token), 307)
    return _take(choice, form)


def _take(choice: Choice, form: TakeSlotForm) -> ResponseReturnValue:
    try:
        held = _held(choice, form)
    except NotOffered:
        form.refuse(NOT_OFFERED)
        return choice.page(form, alternatives=None), 422
    except TooManyHeld:
        return choice.page(form, alternatives=None, too_many=True), 429
    except NoCapacity:
        return choice.page(form, alternatives=None, full=True), 409
    except SlotTaken as lost:
        days = picking.days_of(lost.alternatives, choice.zone)
        return choice.page(form, alternatives=days), 409
    session["hold"] = str(held.id)
    return redirect(url_for("engagements.details", token=access.sign("start", str(held.id))), 303)


def _held(choice: Choice, form: TakeSlotForm) -> Hold:
    if choice.held:
        choice.held.renew()
        return choice.held
    if choice.own and not choice.own.awaits_payment:
        choice.own.release()
    return Hold.take(
        choice.offering, choice.consultant, form.starts_at, choice.zone, form.key,
        address=_counted_address(),
    )  # fmt: skip


def _counted_address() -> str:
    """Where the visitor comes from; '' for the firm's people, who book for many clients."""
    if current_user.is_authenticated and current_user.in_firm:
        return ""
    return request.remote_addr or ""


def own_hold(consultant: Consultant) -> Hold | None:
    """What this browser holds of the consultant's time at the moment."""
    known = session.get("hold")
    held = db.session.get(Hold, uuid.UUID(known)) if known else None
    return held if held and held.live and held.consultant_id == consultant.id else None


def _choice(offering_slug: str, consultant_slug: str) -> Choice:
    offering, consultant = with_slug(offering_slug), queries.with_slug(consultant_slug)
    if offering is None or consultant is None or not consultant.can_fill(offering):
        abort(404)
    return Choice(offering, consultant)
