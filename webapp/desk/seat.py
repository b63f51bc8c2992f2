"""Who a viewer is to one engagement, and what that lets them see and do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from webapp.access import CLIENT, FIRM, Role
from webapp.accounts.models import Person
from webapp.engagements.models import Engagement, OnboardingStep


@dataclass(frozen=True)
class Seat:
    """roles: those held in the firm, and those in this engagement's company (in no other)."""

    roles: frozenset[Role]
    consultant: bool

    @classmethod
    def of(cls, engagement: Engagement, person: Person) -> Self:
        here = {None, engagement.company_id}
        roles = frozenset(Role(row.role) for row in person.memberships if row.company_id in here)
        assigned = {row.consultant.person_id for row in engagement.assignments}
        return cls(roles, person.id in assigned)

    @property
    def firm(self) -> bool:
        return bool(self.roles & FIRM)

    @property
    def client(self) -> bool:
        """A client's person who is nothing else to this engagement."""
        return bool(self.roles & CLIENT) and not self.firm and not self.consultant

    @property
    def sells(self) -> bool:
        """Books for clients."""
        return bool(self.roles & {Role.OWNER, Role.COORDINATOR})

    @property
    def bills(self) -> bool:
        """Adds to what is owed, and records what was paid outside Stripe."""
        return bool(self.roles & {Role.OWNER, Role.FINANCE})

    @property
    def runs(self) -> bool:
        """May say how a meeting went."""
        return self.consultant or self.sells

    @property
    def reads_only(self) -> bool:
        """An observer, or finance, which bills and does not run engagements."""
        return not (self.runs or self.roles & {Role.SPONSOR, Role.LEADER, Role.BILLING})

    @property
    def pays(self) -> bool:
        """Keeps the card and settles invoices."""
        return bool(self.roles & {Role.SPONSOR, Role.BILLING})

    @property
    def sees_invoices(self) -> bool:
        """For whoever decides or pays, and the firm. The client's leaders and observers, and the
        consultant, learn what was agreed and whether it is paid, and no amounts."""
        return self.firm or self.pays

    def may_complete(self, step: OnboardingStep) -> bool:
        """The client's people tick their own steps; the consultant, who leads, any of them."""
        ours = bool(self.roles & {Role.SPONSOR, Role.LEADER})
        return self.consultant or (ours and step.owner == "client")
