"""What an engagement's stage is judged by: who somebody is to it, and what holds today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp import clock
from webapp.access import FIRM, Role
from webapp.accounts.models import Person
from webapp.engagements.stages import Actor, Facts

if TYPE_CHECKING:
    from webapp.engagements.models.engagement import Engagement

ACTORS = {
    Role.COORDINATOR: {Actor.COORDINATOR},
    Role.OWNER: {Actor.OWNER},
    Role.SPONSOR: {Actor.SPONSOR, Actor.CLIENT},
    Role.LEADER: {Actor.CLIENT},
}
# Who reads what it costs.
PRICED = FIRM | {Role.SPONSOR, Role.BILLING}


def actors(engagement: Engagement, person: Person | None) -> frozenset[Actor]:
    """What a person is to an engagement; nobody is the system. Observers only read."""
    if person is None:
        return frozenset({Actor.SYSTEM})
    ours = {None, engagement.company_id}
    held = {Role(row.role) for row in person.memberships if row.company_id in ours}
    found = {actor for role in held for actor in ACTORS.get(role, ())}
    if person.id in {row.consultant.person_id for row in engagement.assignments}:
        found.add(Actor.CONSULTANT)
    return frozenset(found)


def may_read_agreement(engagement: Engagement, person: Person) -> bool:
    """Its parties and whoever does the work: the client's leaders and observers see no prices."""
    ours = {None, engagement.company_id}
    held = {Role(row.role) for row in person.memberships if row.company_id in ours}
    return bool(held & PRICED) or Actor.CONSULTANT in actors(engagement, person)


def facts(engagement: Engagement, by: Person | None, reason: str) -> Facts:
    kickoff = engagement.kickoff
    return Facts(
        today=engagement.local_date(clock.now()),
        reason=reason,
        offering_sold=engagement.offering.sold,
        hold_live=engagement.hold.live,
        agreed=bool(engagement.agreements),
        kickoff=kickoff.state if kickoff else None,
        kickoff_ahead=bool(kickoff and clock.now() < kickoff.starts_at),
        open_steps=sum(step.required and step.open for step in engagement.steps),
        ends_on=engagement.ends_on,
        notice_days=engagement.terms.notice_days if engagement.terms_history else 0,
        by_system=by is None,
    )
