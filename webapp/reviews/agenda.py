"""What a review goes through, by the role that was sold: an hour each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    minutes: int
    title: str
    text: str


OPENING = Item(5, "Since last time", "What was promised at the last review, and what came of it.")
CLOSING = Item(
    10,
    "Decisions and actions",
    "Three to five actions, each with one owner and a date. Written down before you part.",
)

OPERATIONS = (
    OPENING,
    Item(15, "Operations in numbers", "Ten to fifteen numbers and where each is heading; stop only "
         "at those that left their course."),
    Item(10, "The daily business", "Procedures that hold, procedures that are gone round, and what "
         "keeps the days from running smoothly."),
    Item(10, "Between departments", "Where work waits to be handed on, and who needs to hear what "
         "sooner."),
    Item(10, "Productivity", "What costs more time or money than it should, and the next thing to "
         "make simpler."),
    CLOSING,
)  # fmt: skip

LEADERSHIP = (
    OPENING,
    Item(15, "The company's numbers", "Ten to fifteen numbers and where each is heading; stop only "
         "at those that left their course."),
    Item(10, "One direction", "Whether the leadership team still works on the same goals, and what "
         "pulls it apart."),
    Item(10, "Roadblocks and conflicts", "What stands in somebody's way, between whom, and who "
         "settles it."),
    Item(10, "From plan to steps", "Which parts of the plan became steps with an owner, and which "
         "are still only words."),
    CLOSING,
)  # fmt: skip

BOTH = (
    OPENING,
    Item(15, "The numbers", "Ten to fifteen numbers of operations and goals, and where each is "
         "heading; stop only at those that left their course."),
    Item(10, "One direction", "Whether the leadership team still works on the same goals, and what "
         "stands in its way."),
    Item(10, "The daily business", "Procedures, hand-overs between departments, and what keeps the "
         "days from running smoothly."),
    Item(10, "From plan to steps", "What became a step with an owner since last time, and what "
         "made work simpler."),
    CLOSING,
)  # fmt: skip

AGENDAS = {"coo": OPERATIONS, "integrator": LEADERSHIP, "both": BOTH}
FOCUS = {
    "coo": "How operations run",
    "integrator": "How the leadership team moves as one",
    "both": "How operations run, and how the leadership team moves as one",
}


def agenda_for(role: str) -> tuple[Item, ...]:
    """role: 'coo', 'integrator' or 'both'."""
    return AGENDAS[role]
