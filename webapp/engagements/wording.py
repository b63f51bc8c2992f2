"""The wording of the agreement: rendered as plain text, hashed as text, shown in sections.

A wording is a file, templates/engagements/agreements/<version>.txt. What was accepted is kept
whole, so a new wording is a new file and VERSION; old agreements stay as they were shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import current_app, render_template

from webapp.booking.models import Hold
from webapp.catalog.models import Offering
from webapp.engagements.models.draft import Draft
from webapp.engagements.refunds import RefundPolicy

VERSION = "3"

DUTIES = {
    "coo": (
        "to oversee the Client’s operations and procedures",
        "to see that daily activities run smoothly",
        "to manage communication and efficiency across departments",
        "to improve productivity and efficiency across the organisation",
    ),
    "integrator": (
        "to keep the leadership team aligned and working to the company’s goals",
        "to resolve conflict and open up closed departments",
        "to establish key performance indicators and hold people to them",
        "to turn strategic plans into steps",
    ),
}
HEADING = re.compile(r"\d+\. \S[^\n]*")


@dataclass(frozen=True)
class Section:
    """blocks: paragraphs as text, lists as tuples of text."""

    heading: str
    blocks: list[str | tuple[str, ...]] = field(default_factory=list)


def agreement_text(draft: Draft, offering: Offering, hold: Hold, zone: str) -> str:
    """The whole agreement; blank lines part its blocks, and nothing typed can add one."""
    company = draft.known_company()
    days, percent = offering.full_refund_days, offering.late_refund_percent
    text = render_template(
        f"engagements/agreements/{VERSION}.txt",
        client=company.name if company else draft.company_name,
        client_address=_one_line((company and company.address) or draft.address),
        contact=draft.contact_name,
        offering=offering,
        seats=hold.seats,
        starts_at=hold.starts_at,
        zone=zone,
        refund=RefundPolicy.before(hold.starts_at, days, percent, zone),
        roles=[role for role in ("coo", "integrator") if role in offering.roles_needed],
        duties=DUTIES,
        firm=current_app.config["SETTINGS"].firm_name,
        firm_address=_one_line(current_app.config["SETTINGS"].firm_address),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def sections(text: str) -> list[Section]:
    """An agreement's text for a page; what comes before the first heading has none."""
    found = [Section("")]
    for block in _blocks(text):
        if HEADING.fullmatch(block):
            found.append(Section(block))
        elif block.startswith("- "):
            found[-1].blocks.append(tuple(line[2:] for line in block.splitlines()))
        else:
            found[-1].blocks.append(" ".join(block.split()))
    return found


def _blocks(text: str) -> Iterator[str]:
    return (block.strip() for block in text.split("\n\n") if block.strip())


def _one_line(text: str) -> str:
    parts = (" ".join(line.split()).strip(",") for line in text.splitlines())
    return ", ".join(filter(None, parts))
