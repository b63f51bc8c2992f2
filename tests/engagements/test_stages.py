"""The machine as a table: every pair of stages, every actor, every guard."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest

from webapp.engagements.stages import MACHINE, STAGES, Actor, Facts, IllegalStage, check

CLIENT, SPONSOR, CONSULTANT = Actor.CLIENT, Actor.SPONSOR, Actor.CONSULTANT
COORDINATOR, OWNER, SYSTEM = Actor.COORDINATOR, Actor.OWNER, Actor.SYSTEM

EXPECTED = {
    ("enquiry", "intro_call"): {CLIENT, COORDINATOR, OWNER},
    ("enquiry", "parked"): {COORDINATOR, OWNER, SYSTEM},
    ("enquiry", "signed"): {CLIENT},
    ("intro_call", "proposal"): {CONSULTANT},
    ("intro_call", "lost"): {CONSULTANT, COORDINATOR, OWNER},
    ("proposal", "signed"): {SYSTEM},
    ("proposal", "lost"): {CLIENT, COORDINATOR, OWNER, SYSTEM},
    ("signed", "onboarding"): {SYSTEM, COORDINATOR, OWNER},
    ("signed", "lost"): {SYSTEM},
    ("onboarding", "active"): {CONSULTANT, COORDINATOR, OWNER},
    ("onboarding", "ending"): {SPONSOR, OWNER, SYSTEM},
    ("onboarding", "ended"): {SPONSOR, COORDINATOR, OWNER},
    ("active", "paused"): {COORDINATOR, OWNER, SYSTEM},
    ("active", "ending"): {SPONSOR, OWNER, SYSTEM},
    ("paused", "active"): {COORDINATOR, OWNER, SYSTEM},
    ("paused", "ending"): {SPONSOR, OWNER, SYSTEM},
    ("ending", "active"): {COORDINATOR, OWNER},
    ("ending", "ended"): {SYSTEM, COORDINATOR, OWNER},
    ("parked", "enquiry"): {CLIENT, COORDINATOR, OWNER},
}

TODAY = date(2027, 3, 1)


def ready(source: str, target: str) -> Facts:
    """Facts under which that step passes every guard."""
    ends_on = date(2027, 3, 1) if target == "ended" else date(2027, 3, 31)
    kickoff = "held" if target == "active" else "booked"
    return Facts(
        today=TODAY, reason="because", hold_live=True, agreed=True, kickoff=kickoff,
        kickoff_ahead=True, ends_on=ends_on, notice_days=30,
    )  # fmt: skip


@pytest.mark.parametrize(("source", "target"), [*itertools.product(STAGES, STAGES)])
def test_each_pair_of_stages_lets_through_exactly_whom_it_names(source: str, target: str) -> None:
    let_through = set()
    for actor in Actor:
        try:
            check(source, target, {actor}, ready(source, target))
        except IllegalStage:
            continue
        let_through.add(actor)
    assert let_through == EXPECTED.get((source, target), set())


REFUSALS = [
    ("enquiry", "parked", {"reason": " "}, "Say why"),
    ("enquiry", "signed", {"offering_sold": False}, "no longer sold"),
    ("enquiry", "signed", {"hold_live": False}, "no longer kept"),
    ("enquiry", "signed", {"agreed": False}, "not been accepted"),
    ("intro_call", "lost", {"reason": ""}, "Say why"),
    ("proposal", "signed", {"agreed": False}, "not been accepted"),
    ("proposal", "lost", {"reason": ""}, "Say why"),
    ("signed", "onboarding", {"kickoff": None}, "not been booked"),
    ("onboarding", "active", {"kickoff": "booked"}, "not been held"),
    ("onboarding", "active", {"open_steps": 2}, "2 onboarding steps are open"),
    ("onboarding", "ended", {"kickoff": "held"}, "ends by notice"),
    ("onboarding", "ended", {"kickoff_ahead": False}, "time has come"),
    ("onboarding", "ending", {"ends_on": date(2027, 3, 30)}, "30 days' notice"),
    ("active", "paused", {"reason": ""}, "Say why"),
    ("active", "ending", {"ends_on": None}, "30 days' notice"),
    ("paused", "ending", {"ends_on": date(2027, 3, 2)}, "30 days' notice"),
    ("ending", "active", {"ends_on": TODAY}, "ended already"),
    ("ending", "ended", {"ends_on": date(2027, 3, 2), "by_system": True}, "has not come"),
    ("ending", "ended", {"ends_on": date(2027, 3, 2), "reason": ""}, "Say why"),
]


@pytest.mark.parametrize(("source", "target", "facts", "says"), REFUSALS)
def test_each_guard_says_what_is_missing(
    source: str, target: str, facts: dict[str, object], says: str
) -> None:
    allowed = EXPECTED[source, target]
    with pytest.raises(IllegalStage, match=says):
        check(source, target, allowed, replace(ready(source, target), **facts))


def test_every_guard_is_refused_somewhere() -> None:
    guarded = {(step.source, step.target) for step in MACHINE if step.guards}
    assert guarded == {(source, target) for source, target, *_ in REFUSALS}


def test_an_end_before_its_date_is_waived_with_a_reason() -> None:
    early = replace(ready("ending", "ended"), ends_on=date(2027, 3, 20), reason="both agreed")
    check("ending", "ended", {COORDINATOR}, early)
