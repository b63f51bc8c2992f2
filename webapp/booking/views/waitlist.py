"""The waitlist: asking for a place, taking it by the link that was mailed, giving it up."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp import access
from webapp.access import Open, allow
from webapp.booking import waitlisting
from webapp.booking.forms.waitlist import JoinForm
from webapp.booking.mails.waitlist_letters import join_url, walk_url
from webapp.booking.models import TooManyAsked, WaitlistEntry
from webapp.booking.models.hold import ANYONE
from webapp.booking.models.seat import can_fill
from webapp.booking.staffing.choice import team_of
from webapp.booking.views.choosing import no_longer_sold
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant, Offering
from webapp.catalog.queries import with_slug
from webapp.db import session
from webapp.web import firm_zone, visitor_zone

# A line may be long; the page behind the link shows nothing but one's own place in it.
LINK_DAYS = 400


class Wish:
    """What somebody would wait for: an offering, with certain consultants or with anyone."""

    def __init__(self, offering: Offering, team: list[Consultant]) -> None:
        self.offering, self.team = offering, team

    @property
    def with_whom(self) -> str:
        return " and ".join(who.name for who in self.team) or "anyone who can"

    @property
    def open_now(self) -> bool:
        """Whether there is anything to book without waiting; the line, if any, comes first."""
        starts = waitlisting.openings(self.offering, self.team)
        return bool(waitlisting.for_passers_by(self.offering, self.team, starts))

    @property
    def booking_url(self) -> str:
        slug = self.offering.slug
        if not self.team:
            return url_for("booking.choose_consultant", offering_slug=slug)
        names = "+".join(who.slug for who in self.team)
        return url_for("booking.choose_slot", offering_slug=slug, team=names)

    def page(self, form: JoinForm, **more: Any) -> str:
        return render_template("booking/join_waitlist.html", wish=self, form=form, **more)


@blueprint.get("/book/<offering_slug>/<team>/waitlist")
@allow(Open.ANYONE)
def join_waitlist(offering_slug: str, team: str) -> ResponseReturnValue:
    wish = _wish(offering_slug, team)
    if not wish.offering.sold:
        return no_longer_sold(wish.offering)
    if wish.open_now:
        return redirect(wish.booking_url, 303)
    return wish.page(_form())


@blueprint.post("/book/<offering_slug>/<team>/waitlist")
@allow(Open.ANYONE)
def send_join(offering_slug: str, team: str) -> ResponseReturnValue:
    """The same answer whoever asks, and whether they are in line already: a mail goes out."""
    wish, form = _wish(offering_slug, team), _form()
    if not wish.offering.sold:
        return no_longer_sold(wish.offering)
    if not form.validate():
        return wish.page(form), 422
    if wish.open_now:
        flash("A time has opened meanwhile: there is no need to wait.", "good")
        return redirect(wish.booking_url, 303)
    try:
        WaitlistEntry.ask(
            wish.offering, wish.team, form.name.data or "", form.email.data or "",
            form.time_zone.data, form.wishes_from.data, request.remote_addr or "",
        )  # fmt: skip
    except TooManyAsked:
        return wish.page(form, too_many=True), 429
    return render_template("booking/waitlist_asked.html", wish=wish, email=form.email.data)


@blueprint.get("/waitlist/<token>")
@allow(Open.LINK)
def place_in_line(token: str) -> ResponseReturnValue:
    """What became of it, and what one can do; looking changes nothing."""
    entry = _entry(token)
    walk = walk_url(entry) if entry.state == "offered" else None
    return render_template(
        "booking/place_in_line.html", entry=entry, token=token, walk=walk, again=join_url(entry)
    )


@blueprint.post("/waitlist/<token>/place")
@allow(Open.LINK)
def take_place(token: str) -> ResponseReturnValue:
    _entry(token).confirm()
    return redirect(url_for("booking.place_in_line", token=token), 303)


@blueprint.post("/waitlist/<token>/leave")
@allow(Open.LINK)
def leave_line(token: str) -> ResponseReturnValue:
    _entry(token).leave()
    return redirect(url_for("booking.place_in_line", token=token), 303)


def _form() -> JoinForm:
    return JoinForm(data={"time_zone": visitor_zone(firm_zone())})


def _wish(offering_slug: str, team: str) -> Wish:
    offering = with_slug(offering_slug) or abort(404)
    if team == ANYONE:
        return Wish(offering, [])
    found = team_of(team)
    return Wish(offering, found) if found and can_fill(offering, found) else abort(404)


def _entry(token: str) -> WaitlistEntry:
    entry_id = uuid.UUID(access.unsign("waitlist", token, LINK_DAYS))
    return session.get(WaitlistEntry, entry_id) or abort(404)
