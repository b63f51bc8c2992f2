"""The two roles, told apart: what each answers for, and the three ways in which they differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RolePortrait:
    key: str
    name: str
    line: str
    background: str
    responsibilities: tuple[tuple[str, str], ...]


COO = RolePortrait(
    key="coo",
    name="COO",
    line="Master of operations: the chief executive’s right hand, who keeps the trains on time.",
    background=(
        "Comes from operational management and has led teams. Sees the large picture and the small "
        "details, and puts people and money where growth and stability need them."
    ),
    responsibilities=(
        ("Operations and procedures", "Oversees how the company works, and writes it down."),
        ("The day itself", "Sees to it that daily business runs smoothly, whoever is away."),
        ("Between departments", "Keeps communication and handovers quick and clear."),
        ("Productivity", "Finds the waste in how work is done, everywhere, and takes it out."),
    ),
)

INTEGRATOR = RolePortrait(
    key="integrator",
    name="Integrator",
    line="The glue and the driver: holds the leadership team together and moves it forward.",
    background=(
        "Grew up in owner-led companies. Thrives on order under pressure, says what nobody says, "
        "and turns what the owner sees into what the team does."
    ),
    responsibilities=(
        ("Alignment", "Keeps the leadership team together, and on the company’s goals."),
        ("Conflict and silos", "Brings what divides the team to the table, and settles it."),
        ("Key figures", "Sets up the few numbers that matter and drives them."),
        ("From plan to steps", "Breaks the strategy into steps with an owner and a date."),
    ),
)

DIFFERENCES = (
    (
        "Strategic focus",
        "Daily operations are seamless.",
        "The vision is shared, and all work serves common goals.",
    ),
    (
        "Span of responsibility",
        "May manage all of operations.",
        "Oversees what aligns leadership, processes and goals.",
    ),
    (
        "Where the role comes from",
        "Corporate companies, with a hierarchy.",
        "Entrepreneurial companies, with an owner who has the vision.",
    ),
)

SIGNS = (
    (
        "coo",
        "A COO, when …",
        (
            "orders arrive faster than you can deliver them well",
            "the same mistakes come back, because nothing is written down",
            "you approve, schedule and repair what others should",
        ),
    ),
    (
        "integrator",
        "An Integrator, when …",
        (
            "your leaders each row hard, in their own direction",
            "meetings end without an owner and a date",
            "there are more ideas than finished projects",
        ),
    ),
    (
        "both",
        "Both, when …",
        (
            "the team is not aligned and the operation is not steady either",
            "you grow so fast that one without the other would not hold",
            "one experienced person can cover both, at your size",
        ),
    ),
)
