"""The stage an engagement is in: every step is checked, written down, and audited."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.orm import Mapped, declared_attr, relationship

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements import stages
from webapp.engagements.models.agreed import Agreed
from webapp.engagements.models.assignment import StageChange
from webapp.engagements.models.change import TermsChange, facts_of
from webapp.engagements.models.standing import actors, facts
from webapp.engagements.models.terms import Terms
from webapp.engagements.stages import Actor, IllegalStage
from webapp.money import Money

if TYPE_CHECKING:
    from webapp.engagements.models.engagement import Engagement


class Staged(Agreed):
    """Steps between stages, and the dated rows that say what changed with them."""

    @declared_attr
    def stage_changes(cls) -> Mapped[list[StageChange]]:
        return relationship(order_by=StageChange.id)

    @property
    def stage_label(self) -> str:
        return stages.LABELS[self.stage]

    @property
    def _whole(self) -> Engagement:
        return cast("Engagement", self)

    def is_to(self, person: Person | None) -> frozenset[Actor]:
        """What a person is to this engagement."""
        return actors(self._whole, person)

    def advance(self, to: str, by: Person | None, reason: str = "") -> None:
        """The one place where a stage changes; by None is the system. Raises IllegalStage."""
        self._check(to, by, reason)
        before, self.stage = self.stage, to
        change = StageChange(from_stage=before, to_stage=to, by=by.name if by else "system",
                             reason=reason[:500], at=clock.now())  # fmt: skip
        self.stage_changes.append(change)
        audit.record(f"engagement.{to}", self, before=before, reason=reason[:500])

    def why_not(self, to: str, by: Person | None, reason: str = "") -> str:
        """Why that step may not be taken, for a person to read; '' when it may."""
        try:
            self._check(to, by, reason)
        except IllegalStage as refused:
            return str(refused)
        return ""

    def _check(self, to: str, by: Person | None, reason: str) -> None:
        stages.check(self.stage, to, self.is_to(by), facts(self._whole, by, reason))

    def _changed(
        self,
        kind: str,
        effective_on: date,
        by: Person | None,
        reason: str,
        *,
        task: str,
        new: Terms | None = None,
        after: dict[str, Any] | None = None,
        amount: Money | None = None,
        **values: Any,
    ) -> TermsChange:
        """Write a change down, and put in line what follows from it: Stripe and the mails.

        new, after: the terms from then on, where they change.
        """
        old = self.terms
        if new is not None:
            after = facts_of(new, values.pop("offering_id"))
        before = facts_of(old, self.offering_of(old).id) if after else {}
        change = TermsChange(
            kind=kind, effective_on=effective_on, by=by.name if by else "system",
            by_id=by.id if by else None, reason=reason[:500], before=before, after=after or {},
            amount_minor=amount.minor if amount else 0, currency=old.currency, at=clock.now(),
            **values,
        )  # fmt: skip
        self.changes.append(change)
        session.flush()
        audit.record(f"terms.{kind}", self, effective_on=effective_on.isoformat(),
                     reason=reason[:500], minor=change.amount_minor)  # fmt: skip
        outbox.enqueue(f"engagements.{task}", self.id, change.id)
        return change
