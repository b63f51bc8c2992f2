"""The waitlist's mails; each leads to the page on which one's place is taken, used or given up."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from webapp import access, clock
from webapp.booking.models import Hold, WaitlistEntry
from webapp.booking.models.hold import ANYONE
from webapp.db import session
from webapp.notifications.sending import send_email
from webapp.web import absolute_url


def answer(entry_id: uuid.UUID) -> None:
    """To who asked: how to take the place, or that they have it. One a day, however often asked."""
    entry = session.get_one(WaitlistEntry, entry_id)
    today = f"{clock.now():%Y-%m-%d}"
    if entry.state == "unconfirmed":
        _send("waitlist_confirm", entry, today)
    elif entry.place:
        _send("waitlist_place", entry, today, place=entry.place)


def tell(entry_id: uuid.UUID, what: str, offer: int) -> None:
    """Tell of an offer, or that it is over, unless the entry has gone on since."""
    entry = session.get_one(WaitlistEntry, entry_id)
    if (entry.state, entry.offers) != (what, offer) or entry.hold is None:
        return
    if what == "offered" and not entry.hold.live:
        return
    _send(
        f"waitlist_{what}", entry, str(offer),
        hold=entry.hold, walk=walk_url(entry), passed_on=_passed_on(entry.hold),
    )  # fmt: skip


def _passed_on(hold: Hold) -> bool:
    """Whether what a hold kept was offered to somebody else in line since: its time or its days."""
    others = select(WaitlistEntry.id).join(Hold, Hold.id == WaitlistEntry.hold_id)
    same = Hold.consultant_id == hold.consultant_id, Hold.created_at > hold.created_at
    return session.scalar(others.where(*same).limit(1)) is not None


def page_url(entry: WaitlistEntry) -> str:
    return absolute_url("booking.place_in_line", token=access.sign("waitlist", str(entry.id)))


def walk_url(entry: WaitlistEntry) -> str:
    """Into the booking, with the kick-off held."""
    return absolute_url("engagements.details", token=access.sign("start", str(entry.hold_id)))


def join_url(entry: WaitlistEntry) -> str:
    team = "+".join(who.slug for who in entry.team) or ANYONE
    return absolute_url("booking.join_waitlist", offering_slug=entry.offering.slug, team=team)


def _send(kind: str, entry: WaitlistEntry, occurrence: str, **context: Any) -> None:
    send_email(
        kind, entry, entry, occurrence,
        entry=entry, url=page_url(entry), again=join_url(entry), **context,
    )  # fmt: skip
