"""Answering what a sponsor asked the firm for."""

from __future__ import annotations

from webapp.accounts.models import Person
from webapp.engagements.models import ChangeRequest, FollowUp

WANTED = {"plan": "another plan", "pause": "a pause"}


def remind_firm(request: ChangeRequest) -> None:
    """Ask the coordinators to answer it, unless they have by now."""
    if request.state == "open":
        text = f"They ask for {WANTED[request.kind]}: answer it."
        FollowUp.ask(request.engagement_id, _cause(request), text)


def answer(request: ChangeRequest | None, state: str, by: Person, reason: str = "") -> None:
    """Accepted or declined; there is nothing left to look into. None: nothing was asked."""
    if request is not None:
        request.answered(state, by, reason)
        FollowUp.settle(request.engagement_id, _cause(request))


def _cause(request: ChangeRequest) -> str:
    return f"request:{request.id}"
