"""What has to be done in onboarding, by role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """days: when it is due, counted from the kick-off. required: before work is under way."""

    key: str
    title: str
    owner: str
    days: int
    required: bool = False


SPONSOR = Step("sponsor", "Name who decides, and who joins the kick-off", "client", -5, True)
ACCESS = Step("access", "Give access to the systems we will work in", "client", -3, True)
BOUNDARY = Step("boundary", "Agree what the COO and what the Integrator decides", "consultant", 7)

COO = (
    Step("operating_numbers", "Send last quarter’s operating numbers", "client", -2, True),
    Step("procedures", "Read the procedures that run the day", "consultant", -1),
    Step("walk_through", "Walk through a day of work with each department", "consultant", 7),
    Step("quick_wins", "Agree three quick wins in daily operations", "consultant", 7),
    Step("communication", "Set how departments keep each other informed", "consultant", 14),
)  # fmt: skip

INTEGRATOR = (
    Step("direction", "Send this year’s plan and the goals of the quarter", "client", -2, True),
    Step("interviews", "Interview each member of the leadership team", "consultant", 7),
    Step("roadblocks", "List open conflicts and roadblocks, and who clears each", "consultant", 7),
    Step("priorities", "Agree the quarter’s priorities and who owns each", "consultant", 10),
    Step("weekly_meeting", "Start the weekly leadership meeting and its numbers", "consultant", 14),
)  # fmt: skip

BY_ROLE = {
    "coo": (SPONSOR, ACCESS, *COO),
    "integrator": (SPONSOR, ACCESS, *INTEGRATOR),
    "both": (SPONSOR, ACCESS, *COO, *INTEGRATOR, BOUNDARY),
}


def steps_for(role: str) -> tuple[Step, ...]:
    """In the order in which they are due; the client's before the consultant's on the same day."""
    return tuple(sorted(BY_ROLE[role], key=lambda step: (step.days, step.owner)))


# What the kick-off goes through, what to bring, and what the consultant has to get into.
AGENDA = {
    "coo": [
        "How a week runs today, department by department",
        "Where time and money get lost",
        "Three quick wins, who owns each, by when",
    ],
    "integrator": [
        "Where the company shall be in a year",
        "What keeps the leadership team from it",
        "This quarter’s priorities, and who owns each",
    ],
}
NUMBERS = {
    "coo": ["Orders, output and delivery times of the last quarter", "Costs by department"],
    "integrator": ["This year’s plan and where it stands", "The five numbers the owner looks at"],
}
SYSTEMS = (
    "E-mail and calendar, or a guest account",
    "Shared documents",
    "Where projects and tasks are kept",
    "Reports and figures, read only",
)


def both(by_role: dict[str, list[str]], role: str) -> list[str]:
    """The lines of a role; of both roles, one after the other."""
    return [line for one in ("coo", "integrator") if role in {one, "both"} for line in by_role[one]]
