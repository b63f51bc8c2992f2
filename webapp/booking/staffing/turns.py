"""Whose turn it is, when a visitor takes whoever is free."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from webapp.booking.models.open_times import MINUTE
from webapp.booking.staffing.bench import Bench, Candidate, lies_in
from webapp.catalog.models import Consultant

# Of so many leads and partners each, every pair is weighed up: the best pairs are among them.
BEST = 8


def in_turn(bench: Bench, at: datetime) -> list[list[Consultant]]:
    """The teams that can begin at that start, in whose turn it is.

    Most days that stay free first, then fewest meetings in that week, then the order of ids. Of
    two, the one with fewer days counts, and the meetings of both.
    """
    until = at + MINUTE
    solo = [[one] for one in bench.solo if at in one.starts(at, until)]
    leads = _foremost([one for one in bench.leads if at in one.starts(at, until)], at)
    partners = _foremost([one for one in bench.partners if lies_in(at, one.spans(at, until))], at)
    pairs = [
        [lead, partner]
        for lead in leads
        for partner in partners
        if lead.consultant.id != partner.consultant.id
    ]
    ranked = sorted([*solo, *pairs], key=lambda team: _rank(team, at))
    return [[one.consultant for one in team] for team in ranked]


def _foremost(candidates: list[Candidate], at: datetime) -> list[Candidate]:
    return sorted(candidates, key=lambda one: _rank([one], at))[:BEST]


def _rank(team: Sequence[Candidate], at: datetime) -> tuple[int, int, list[uuid.UUID]]:
    return (
        -min(one.spare(at) for one in team),
        sum(one.meetings_in_week(at) for one in team),
        [one.consultant.id for one in team],
    )
