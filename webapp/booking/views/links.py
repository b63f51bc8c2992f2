"""What the links in mails do, for people who are not signed in. GET shows, POST acts."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.access import Open, allow
from webapp.booking.forms.changes import CancelForm
from webapp.booking.models import ChangeLink, LinkRefused
from webapp.booking.views import moving
from webapp.booking.views.meetings import call_off, cancel_page, zone_of
from webapp.booking.views.room import blueprint


@blueprint.get("/meetings/move/<token>")
@allow(Open.LINK)
def move_by_link(token: str) -> ResponseReturnValue:
    return moving.page(_search(ChangeLink.usable("move", token), token))


@blueprint.post("/meetings/move/<token>")
@allow(Open.LINK)
def send_move_by_link(token: str) -> ResponseReturnValue:
    return _another_time("move", token)


@blueprint.get("/meetings/rebook/<token>")
@allow(Open.LINK)
def rebook_by_link(token: str) -> ResponseReturnValue:
    return moving.page(_search(ChangeLink.usable("rebook", token), token))


@blueprint.post("/meetings/rebook/<token>")
@allow(Open.LINK)
def send_rebook_by_link(token: str) -> ResponseReturnValue:
    return _another_time("rebook", token)


@blueprint.get("/meetings/cancel/<token>")
@allow(Open.LINK)
def cancel_by_link(token: str) -> ResponseReturnValue:
    return _cancel_page(ChangeLink.usable("cancel", token), token)


@blueprint.post("/meetings/cancel/<token>")
@allow(Open.LINK)
def send_cancel_by_link(token: str) -> ResponseReturnValue:
    link, form = ChangeLink.usable("cancel", token, to_use=True), CancelForm()
    refused = call_off(link.booking, link.person, form, link.sequence)
    if refused:
        return _cancel_page(link, token, form, refused == 409), refused
    return _spent(link)


@blueprint.get("/meetings/changed/<token>")
@allow(Open.LINK)
def changed_by_link(token: str) -> ResponseReturnValue:
    """What came of it, for a few days; the mail that follows says the same."""
    link = ChangeLink.of_receipt(token)
    title, zone = link.booking.title_for(link.person), zone_of(link.person)
    return render_template(
        "booking/meeting_changed.html", meeting=link.booking, title=title, zone=zone
    )


@blueprint.errorhandler(LinkRefused)
def link_refused(refused: LinkRefused) -> ResponseReturnValue:
    """Without a word about any meeting: whoever asks may be a stranger.

    What we never signed is told nothing at all; a link of ours, why it may have ended.
    """
    signed_in, ours = current_user.is_authenticated, refused.status == 410
    page = render_template("booking/link_refused.html", signed_in=signed_in, ours=ours)
    return page, refused.status


# -- steps -----------------------------------------------------------------------------------------


def _another_time(purpose: str, token: str) -> ResponseReturnValue:
    link = ChangeLink.usable(purpose, token, to_use=True)
    return moving.answer(_search(link, token), lambda: _spent(link))


def _search(link: ChangeLink, token: str) -> moving.Search:
    action = url_for(f"booking.{link.purpose}_by_link", token=token)
    return moving.Search(link.booking, link.person, link.purpose, action, seen=link.sequence)


def _cancel_page(
    link: ChangeLink, token: str, form: CancelForm | None = None, changed: bool = False
) -> str:
    action = url_for("booking.cancel_by_link", token=token)
    return cancel_page(link.booking, link.person, action, form, changed)


def _spent(link: ChangeLink) -> ResponseReturnValue:
    link.use()
    return redirect(url_for("booking.changed_by_link", token=link.receipt), 303)
