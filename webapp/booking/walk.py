"""How far along somebody is in booking an engagement."""

from __future__ import annotations

STEPS = ("Role", "Offering", "Consultant", "Time", "Details", "Agreement", "Payment")

Step = tuple[str, str] | tuple[str, str, str]


def walk(current: str, **back: str) -> list[Step]:
    """The steps for the `steps` macro; back: addresses of done steps, by name in lower case."""
    here = STEPS.index(current)
    steps: list[Step] = []
    for number, label in enumerate(STEPS):
        state = "done" if number < here else "current" if number == here else "todo"
        url = back.get(label.lower()) if state == "done" else None
        steps.append((label, state, url) if url else (label, state))
    return steps
