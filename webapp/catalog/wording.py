"""What the catalogue says of an offering in words."""

from __future__ import annotations

from webapp.catalog.models import Offering
from webapp.web import format_money


def count(number: int, noun: str) -> str:
    """'1 day', '4 days'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def per(offering: Offering) -> str:
    """What the price is for."""
    return "a month" if offering.is_retainer else "once"


def hours(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    return count(whole, "hour") + (f" {rest} min" if rest else "")


def workload(offering: Offering) -> str:
    if offering.is_retainer:
        return f"{count(offering.days_per_month, 'day')} a month"
    return count(offering.weeks or 1, "week")


def points(offering: Offering) -> list[str]:
    """The few lines by which offerings are told apart."""
    lines = [workload(offering)]
    if offering.included_minutes:
        lines.append(f"{hours(offering.included_minutes)} included")
    if offering.is_retainer:
        lines.append(f"{term(offering)}, then month to month")
        lines.append(f"{count(offering.notice_days, 'day')}’ notice")
    else:
        lines.append("One fixed price, no commitment after it")
    return lines


def term(offering: Offering) -> str:
    return f"{count(offering.minimum_months, 'month')} minimum"


def facts(offering: Offering) -> list[tuple[str, str]]:
    """Everything that is agreed, as rows of (term, value)."""
    rows = [("Role", offering.role_label), ("Work", workload(offering))]
    if offering.included_minutes:
        rows.append(("Included time", hours(offering.included_minutes)))
    if offering.is_retainer:
        rows.append(("Minimum term", count(offering.minimum_months, "month")))
        rows.append(("Notice", f"{count(offering.notice_days, 'day')}, after the minimum term"))
    if offering.diagnostic_fee:
        fee = format_money(offering.diagnostic_fee)
        rows.append(("To begin with", f"A diagnostic of your operations, {fee} once"))
    if offering.overage_rate:
        rate = format_money(offering.overage_rate)
        rows.append(("Beyond the included time", f"{rate} an hour, only when you approve it"))
    return rows


def refund_policy(offering: Offering) -> str:
    """What comes back when the client cancels before the kick-off."""
    days, late = offering.full_refund_days, offering.late_refund_percent
    early = f"Cancel {count(days, 'day')} or more before the kick-off and everything comes back."
    if not late:
        return f"{early} Later than that, nothing does."
    if late == 100:
        return "Cancel at any time before the kick-off and everything comes back."
    return f"{early} Later than that, {late}% does."


def included(offering: Offering) -> list[str]:
    """What the client gets, by kind and role."""
    shared = ["Kick-off call at the time you choose", "Onboarding plan, step by step"]
    if offering.is_retainer:
        shared.append("A monthly review with a written summary and owned actions")
    else:
        shared.append("Findings and a 90-day plan, presented to your leadership team")
    return [*shared, *_by_role(offering)]


def _by_role(offering: Offering) -> list[str]:
    coo = ["Operations and procedures in one pair of hands", "Handovers between departments"]
    integrator = ["A leadership team on the same few goals", "A scorecard that drives decisions"]
    return {"coo": coo, "integrator": integrator}.get(offering.role, [coo[0], *integrator])
