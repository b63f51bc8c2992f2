"""Who a review is for."""

from __future__ import annotations

from webapp.access import Role
from webapp.accounts.models import Person
from webapp.engagements.models import Engagement


def sides_of(engagement: Engagement) -> list[tuple[Person, str]]:
    """Who comes: the sponsor and the leaders of the client, and all consultants."""
    company, sponsor = engagement.company, engagement.sponsor
    assert company is not None and sponsor is not None, "a running engagement has its parties"
    sides = {sponsor.id: (sponsor, "client")}
    sides |= {who.id: (who, "client") for who in company.people(Role.LEADER)}
    sides |= {who.id: (who, "consultant") for who in consultants_of(engagement)}
    return list(sides.values())


def consultants_of(engagement: Engagement) -> list[Person]:
    """The one who leads first."""
    rows = sorted(engagement.assignments, key=lambda row: (not row.leads, row.id))
    return [row.consultant.person for row in rows]
