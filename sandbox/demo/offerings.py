"""What the demo firm sells. Prices are those of the trade, in whole major units."""

from typing import Any

from webapp.catalog.models import Offering
from webapp.money import Money

HOURS_A_DAY = 8


def retainer(slug: str, name: str, role: str, days: int, price: int, **more: Any) -> dict[str, Any]:
    return {"slug": slug, "name": name, "role": role, "kind": "retainer", "days_per_month": days,
            "price": price, "currency": "USD", "deposit": 0, "overage": 0, "minimum_months": 3,
            **more}  # fmt: skip


def diagnostic(
    slug: str, name: str, role: str, weeks: int, price: int, **more: Any
) -> dict[str, Any]:
    return {"slug": slug, "name": name, "role": role, "kind": "diagnostic", "weeks": weeks,
            "price": price, "currency": "USD", "deposit": 0, "overage": 0, "minimum_months": 1,
            **more}  # fmt: skip


OFFERINGS = (
    diagnostic(
        "operations-diagnostic", "Operations diagnostic", "coo", 3, 6500, days_per_month=4,
        summary="Three weeks inside your daily operations; a ranked list of what holds them up.",
        description="Interviews with every department, your numbers read against the work behind "
        "them, and a walk through a week as it really runs. You get a written report, ten findings "
        "in the order in which to take them up, and a 90-day plan that your own people can "
        "carry out.",
    ),
    diagnostic(
        "leadership-diagnostic", "Leadership alignment diagnostic", "integrator", 2, 4800,
        days_per_month=3,
        summary="Two weeks with your leadership team: where goals part, and who decides what.",
        description="One conversation with each leader, two observed meetings, and a map of who "
        "owns which goal. You get the conflicts named plainly, the priorities that all can sign, "
        "and the numbers to follow them by.",
    ),
    retainer(
        "coo-two-days", "COO, two days a month", "coo", 2, 3600, overage=260,
        summary="A steady hand on operations for a company whose team mostly runs itself.",
        description="Two days a month with your managers and your numbers: procedures kept, "
        "hand-overs between departments mended, and a written review each month.",
    ),
    retainer(
        "coo-four-days", "COO, four days a month", "coo", 4, 6800, deposit=1500, overage=240,
        summary="Your operations run by somebody who has done it before, a day a week.",
        description="A day a week at the head of operations: daily work and its procedures, "
        "communication between departments, people and budget where they earn the most. The "
        "deposit is set against your last invoice.",
    ),
    retainer(
        "coo-eight-days", "COO, eight days a month", "coo", 8, 12500, deposit=3000, overage=225,
        minimum_months=6,
        summary="Two days a week: for a company that grows faster than its ways of working.",
        description="Two days a week as a member of your leadership: all of operations, the "
        "managers beneath it, and the changes that growth asks for.",
    ),
    retainer(
        "integrator-two-days", "Integrator, two days a month", "integrator", 2, 3400, overage=250,
        summary="Keeps the leadership team on one plan and its promises visible.",
        description="The weekly leadership meeting led and followed up, priorities for the quarter "
        "with an owner each, and the numbers that show whether they move.",
    ),
    retainer(
        "integrator-four-days", "Integrator, four days a month", "integrator", 4, 6400,
        deposit=1500, overage=235,
        summary="A day a week to turn the owner’s vision into steps that get done.",
        description="Priorities, accountability and the hard conversations: roadblocks are "
        "cleared, silos opened, and the plan of the year becomes the work of the week.",
    ),
    retainer(
        "coo-and-integrator-eight-days", "COO and Integrator, eight days a month", "both", 8, 13500,
        deposit=3000, overage=230, minimum_months=6,
        summary="Both roles, in one person or in two: operations that run, and a team that pulls "
        "one way.",
        description="For the company that needs the trains on time and the leaders on one plan. "
        "In the first week we write down which decisions belong to which of the two roles.",
    ),
    retainer(
        "coo-and-integrator-four-days", "COO and Integrator, four days a month", "both", 4, 7200,
        deposit=1500, overage=240,
        summary="Both roles for a smaller company: one person for all four days, or two with two.",
        description="A COO and an Integrator who know each other, or one person who does both: on "
        "one call with you, from the first day on. In the first week we write down which decisions "
        "belong to which of the two roles.",
    ),
    retainer(
        "coo-four-days-uk", "COO, four days a month (UK)", "coo", 4, 5200, currency="GBP",
        deposit=1000, overage=185,
        summary="A day a week at the head of operations, invoiced in pounds.",
        description="The same work as our four-day COO retainer, for companies that are invoiced "
        "in the United Kingdom.",
    ),
    retainer(
        "coo-one-day", "COO, one day a month", "coo", 1, 1900, overage=280, sold=False,
        summary="A monthly check on operations. No longer offered: a day is too little to help.",
    ),
)  # fmt: skip


def offering(position: int, row: dict[str, Any]) -> Offering:
    values = dict(row)
    currency = values["currency"]
    for name, column in (("price", "price_minor"), ("deposit", "deposit_minor"),
                         ("overage", "overage_rate_minor")):  # fmt: skip
        values[column] = Money.of(values.pop(name), currency).minor
    values["included_minutes"] = 60 * HOURS_A_DAY * values["days_per_month"]
    return Offering(position=position, **values)
