"""The stages of an engagement: every step between them, who may take it and what must hold first.

Pure: what must hold is judged on Facts, so the whole machine can be tried without a database.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

STAGES = (
    "enquiry", "intro_call", "proposal", "signed", "onboarding", "active",
    "paused", "ending", "ended", "parked", "lost",
)  # fmt: skip
# Work is done, or will be again.
RUNNING = ("onboarding", "active", "paused", "ending")

LABELS = {
    "enquiry": "Enquiry", "intro_call": "Intro call", "proposal": "Proposal",
    "signed": "Signed, waiting for payment", "onboarding": "Onboarding", "active": "Active",
    "paused": "Paused", "ending": "Ending", "ended": "Ended", "parked": "Parked", "lost": "Lost",
}  # fmt: skip


class IllegalStage(ValueError):
    """The step is not possible; the message says why, for a person to read."""


class Actor(StrEnum):
    """What somebody is to one engagement."""

    CLIENT = "the client"
    SPONSOR = "the client's sponsor"
    CONSULTANT = "a consultant on it"
    COORDINATOR = "the firm's coordinator"
    OWNER = "the firm's owner"
    SYSTEM = "the system"


@dataclass(frozen=True)
class Facts:
    """What an engagement's stage depends on. Dates are local to the engagement's zone.

    kickoff: the state of its booking, None when none was placed; kickoff_ahead: it has not begun;
    open_steps: required onboarding steps neither done nor waived.
    """

    today: date
    reason: str = ""
    offering_sold: bool = True
    hold_live: bool = False
    agreed: bool = False
    kickoff: str | None = None
    kickoff_ahead: bool = False
    open_steps: int = 0
    ends_on: date | None = None
    notice_days: int = 0
    by_system: bool = False


Guard = Callable[[Facts], str | None]
"""None when it holds, else what is missing."""


def _reason(facts: Facts) -> str | None:
    return None if facts.reason.strip() else "Say why."


def _offering_sold(facts: Facts) -> str | None:
    return None if facts.offering_sold else "This offering is no longer sold."


def _live_hold(facts: Facts) -> str | None:
    return None if facts.hold_live else "The kick-off time is no longer kept."


def _agreed(facts: Facts) -> str | None:
    return None if facts.agreed else "The agreement has not been accepted."


def _kickoff_booked(facts: Facts) -> str | None:
    return None if facts.kickoff else "The kick-off has not been booked."


def _kickoff_held(facts: Facts) -> str | None:
    return None if facts.kickoff == "held" else "The kick-off has not been held."


def _kickoff_ahead(facts: Facts) -> str | None:
    if facts.kickoff == "held":
        return "The kick-off has been held: from then on an engagement ends by notice."
    return None if facts.kickoff_ahead else "The kick-off's time has come: talk to us instead."


def _steps_settled(facts: Facts) -> str | None:
    if not facts.open_steps:
        return None
    return f"{facts.open_steps} onboarding steps are open: do them, or go on without them."


def _notice_kept(facts: Facts) -> str | None:
    if facts.by_system:
        return None  # what is no longer paid for ends, notice or not
    earliest = facts.today + timedelta(days=facts.notice_days)
    if facts.ends_on and facts.ends_on >= earliest:
        return None
    return f"The terms ask for {facts.notice_days} days' notice."


def _before_the_end(facts: Facts) -> str | None:
    return None if facts.ends_on and facts.today < facts.ends_on else "It has ended already."


def _end_reached_or_waived(facts: Facts) -> str | None:
    if facts.ends_on and facts.today >= facts.ends_on:
        return None
    return "Its end date has not come." if facts.by_system else _reason(facts)


@dataclass(frozen=True)
class Transition:
    source: str
    target: str
    by: frozenset[Actor]
    guards: tuple[Guard, ...] = ()


CLIENT, SPONSOR, CONSULTANT = Actor.CLIENT, Actor.SPONSOR, Actor.CONSULTANT
OWNER, SYSTEM = Actor.OWNER, Actor.SYSTEM
COORDINATORS = frozenset({Actor.COORDINATOR, OWNER})


def _may(*who: Actor | frozenset[Actor]) -> frozenset[Actor]:
    named = (group if isinstance(group, frozenset) else frozenset({group}) for group in who)
    return frozenset().union(*named)


MACHINE = (
    Transition("enquiry", "intro_call", _may(CLIENT, COORDINATORS)),
    Transition("enquiry", "parked", _may(COORDINATORS, SYSTEM), (_reason,)),
    Transition("enquiry", "signed", _may(CLIENT), (_offering_sold, _live_hold, _agreed)),
    Transition("intro_call", "proposal", _may(CONSULTANT)),
    Transition("intro_call", "lost", _may(CONSULTANT, COORDINATORS), (_reason,)),
    Transition("proposal", "signed", _may(SYSTEM), (_agreed,)),
    Transition("proposal", "lost", _may(CLIENT, COORDINATORS, SYSTEM), (_reason,)),
    Transition("signed", "onboarding", _may(SYSTEM, COORDINATORS), (_kickoff_booked,)),
    Transition("signed", "lost", _may(SYSTEM)),
    Transition(
        "onboarding", "active", _may(CONSULTANT, COORDINATORS), (_kickoff_held, _steps_settled)
    ),
    Transition("onboarding", "ended", _may(SPONSOR, COORDINATORS), (_kickoff_ahead,)),
    Transition("active", "paused", _may(SYSTEM, COORDINATORS), (_reason,)),
    Transition("paused", "active", _may(COORDINATORS, SYSTEM)),
    *(
        Transition(stage, "ending", _may(SPONSOR, OWNER, SYSTEM), (_notice_kept,))
        for stage in ("onboarding", "active", "paused")
    ),
    Transition("ending", "active", _may(COORDINATORS), (_before_the_end,)),
    Transition("ending", "ended", _may(SYSTEM, COORDINATORS), (_end_reached_or_waived,)),
    Transition("parked", "enquiry", _may(CLIENT, COORDINATORS)),
)

STEPS = {(step.source, step.target): step for step in MACHINE}


def check(source: str, target: str, actors: AbstractSet[Actor], facts: Facts) -> None:
    """IllegalStage unless one of these actors may take this step now."""
    step = STEPS.get((source, target))
    if step is None:
        raise IllegalStage(f"That cannot be done while the engagement is “{LABELS[source]}”.")
    if not step.by & actors:
        raise IllegalStage(f"Only {_either(step.by)} can do that.")
    faults = [fault for guard in step.guards if (fault := guard(facts))]
    if faults:
        raise IllegalStage(" ".join(faults))


def _either(actors: frozenset[Actor]) -> str:
    return " or ".join(sorted(actors))
