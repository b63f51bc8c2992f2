"""Meetings for tests, the links in their mails, and what pages say about them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select

from tests import make
from tests.booking.rows import at
from tests.mail import Mailbox
from webapp.audit import AuditEvent
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements.models import Engagement

NOON = at(8, 12)  # a week from TODAY, a Tuesday


def booked(
    kind: str = "review", start: datetime = NOON, engagement: Engagement | None = None
) -> Booking:
    """Committed: the sponsor of an engagement meets its consultant."""
    engagement = engagement or make.engagement()
    lead = engagement.hold.consultant
    assert engagement.sponsor is not None
    people = [(engagement.sponsor, "client"), (lead.person, "consultant")]
    made = Booking.schedule(
        kind, engagement.id, [lead], start, 60, "America/New_York", "Title",
        "https://meet.example.com/room", people,
    )  # fmt: skip
    session.commit()
    return made


def links_in(message: object) -> dict[str, str]:
    """purpose -> path of each link in a mail's text that works without sign-in."""
    text = message.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    found = re.findall(r"https?://[^/\s]+(/meetings/(move|cancel|rebook)/\S+)", text)
    return {purpose: path for path, purpose in found}


def mails(mailbox: Mailbox, address: str, subject: str) -> list[object]:
    return [mail for mail in mailbox.to(address) if str(mail["Subject"]).startswith(subject)]


def refusals(action: str = "link.refused") -> list[AuditEvent]:
    session.rollback()
    return list(session.scalars(select(AuditEvent).where(AuditEvent.action == action)))
