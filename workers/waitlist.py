"""The waitlist: serving it, and telling those in it."""

from __future__ import annotations

import uuid

from webapp.booking import waitlisting
from webapp.booking.mails import waitlist_letters
from workers.job import task
from workers.plan import planner


@task("booking.serve_waitlist")
def serve_waitlist() -> None:
    waitlisting.serve()


@task("booking.answer_waitlist")
def answer_waitlist(entry_id: str) -> None:
    waitlist_letters.answer(uuid.UUID(entry_id))


@task("booking.tell_waitlist")
def tell_waitlist(entry_id: str, what: str, offer: int) -> None:
    waitlist_letters.tell(uuid.UUID(entry_id), what, offer)


planner("booking.serve_waitlist")(waitlisting.serve)
