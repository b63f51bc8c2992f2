"""The engagement: one company, one offering, its consultants, and the stage it is in."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock, outbox
from webapp.accounts.models import Company, Person
from webapp.booking.models import Booking, Handover, Hold, SlotTaken, nearest
from webapp.booking.models.contention import contend
from webapp.catalog.models import Consultant
from webapp.db import Base, session
from webapp.engagements import stages
from webapp.engagements.models.agreement import Agreement, hash_of
from webapp.engagements.models.assignment import Assignment
from webapp.engagements.models.ending import Ending
from webapp.engagements.models.onboarding import OnboardingStep
from webapp.engagements.models.period import RetainerPeriod
from webapp.engagements.models.terms import Terms
from webapp.engagements.refunds import RefundPolicy
from webapp.engagements.stages import IllegalStage
from webapp.engagements.timeline import TimelineEntry, timeline_of
from webapp.engagements.wording import VERSION
from webapp.money import Money

UNPAID_DAYS = 7


class Engagement(Ending, Base):
    """company_id and sponsor_id are set by the agreement."""

    __tablename__ = "engagement"

    company_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("company.id"), index=True)
    sponsor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    signed_at: Mapped[datetime | None]
    kickoff_notes: Mapped[str] = mapped_column(default="")
    company: Mapped[Company | None] = relationship()
    sponsor: Mapped[Person | None] = relationship(foreign_keys=[sponsor_id])
    agreements: Mapped[list[Agreement]] = relationship(order_by=Agreement.accepted_at)
    steps: Mapped[list[OnboardingStep]] = relationship(order_by=OnboardingStep.position)
    meetings: Mapped[list[Booking]] = relationship(order_by=Booking.starts_at, viewonly=True)

    __table_args__ = (
        CheckConstraint(f"stage IN {stages.STAGES}", name="stage"),
        CheckConstraint(
            "stage IN ('enquiry', 'intro_call', 'proposal', 'parked', 'lost')"
            " OR (company_id IS NOT NULL AND sponsor_id IS NOT NULL)",
            name="signed_has_parties",
        ),
    )

    # -- finding -----------------------------------------------------------------------------------

    @classmethod
    def visible_to(cls, person: Person) -> Select[Engagement]:
        """The engagements a person may see: the firm all, others the ones they are a party to.

        A consultant who stands in for a meeting sees its engagement too, for so long.
        """
        if person.in_firm:
            return select(cls)
        assigned = select(Assignment.engagement_id).join(Consultant)
        return select(cls).where(
            or_(
                cls.company_id.in_(person.company_ids),
                cls.id.in_(assigned.where(Consultant.person_id == person.id)),
                cls.id.in_(Handover.engagements_of(person)),
            )
        )

    @classmethod
    def begun_with(cls, hold: Hold) -> Engagement | None:
        """The engagement that a hold is for, if anything was typed yet."""
        found: Engagement | None = session.scalar(select(cls).where(cls.hold_id == hold.id))
        return found

    @classmethod
    def of_hold(cls, hold: Hold) -> Engagement:
        """The engagement that a hold is for, made when there is none yet; locked."""
        begun = insert(cls).values(
            hold_id=hold.id, offering_id=hold.offering_id, time_zone=hold.time_zone,
            kick_off_on=hold.starts_at.astimezone(ZoneInfo(hold.time_zone)).date(),
        )  # fmt: skip
        row = begun.on_conflict_do_nothing(index_elements=["hold_id"]).returning(cls.id)
        new = session.scalar(row)
        found: Engagement = session.scalars(select(cls).where(cls.hold_id == hold.id)).one().lock()
        if new:
            found._settle_on(hold)
        return found

    def _settle_on(self, hold: Hold) -> None:
        """Until now a form sent again could move the hold: what it says after that counts."""
        contend(hold.lock)
        self.kick_off_on = self.local_date(hold.starts_at)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def kickoff(self) -> Booking | None:
        return next((meeting for meeting in self.meetings if meeting.kind == "kickoff"), None)

    def timeline(self, zone: str | None = None) -> list[TimelineEntry]:
        """Stage changes, steps done and meetings, oldest first; told in `zone`."""
        return timeline_of(self, zone or self.time_zone)

    # -- booking -----------------------------------------------------------------------------------

    def sign(self, name: str, email: str, address: str, agent: str) -> None:
        """Accept the agreement: the parties, the terms and the consultants become rows.

        name, email: who accepts; address, agent: where from. A second time changes nothing.
        """
        if self.lock().stage != "enquiry":
            return
        draft, text = self.details, self.agreement_text()
        self.company = draft.company()
        self.sponsor = draft.sponsor_of(self.company)
        self.terms_history.append(Terms.of(self.offering, self.kick_off_on))
        self.assignments.extend(Assignment.each_of(self.hold))
        session.flush()
        accepted = {"accepted_name": name, "accepted_email": email, "address": address}
        self.agreements.append(
            Agreement(terms_id=self.terms.id, version=VERSION, text=text, text_hash=hash_of(text),
                      agent=agent[:500], accepted_at=clock.now(), **accepted)
        )  # fmt: skip
        self.signed_at = self.asked_at = clock.now()
        self.advance("signed", self.sponsor, "Agreement accepted")
        self.touch()

    def lose(self, reason: str) -> None:
        """Signed but never paid: the time and the capacity are free again.

        Not while a bank debit is on its way: then it is looked at again once that must be settled.
        """
        if self.lock().stage != "signed":
            return
        if self.settles_by and clock.now() <= self.settles_by:
            again = f"engagements.lose_unpaid:{self.id}:{self.settles_by:%Y%m%d}"
            later = self.settles_by + timedelta(days=1)
            outbox.enqueue("engagements.lose_unpaid", self.id, key=again, run_after=later)
            return
        self.advance("lost", None, reason)
        self.hold.release()
        outbox.enqueue("billing.expire_checkout", self.id)
        outbox.enqueue("billing.drop_owed", self.id)
        outbox.enqueue("engagements.tell_lost", self.id)

    # -- onboarding --------------------------------------------------------------------------------

    def begin_onboarding(self, reason: str = "First payment received") -> None:
        """Paid for the first time, or to be paid by invoice: the kick-off is booked and everything
        that follows is set off.

        Safe to call again. Raises SlotTaken when the time is no longer to be had.
        """
        if self.lock().stage == "lost":
            raise SlotTaken(nearest(self.hold.team, self.hold.starts_at))
        if self.stage != "signed":
            return
        assert self.sponsor is not None
        people = [(self.sponsor, "client")]
        people += [(row.consultant.person, "consultant") for row in self.assignments]
        Booking.confirm(self.hold, self.id, f"Kick-off: {self.title}", people)
        session.expire(self, ["meetings"])
        self.settles_by = None
        self.advance("onboarding", None, reason)
        self._plan_first_weeks()

    def _plan_first_weeks(self) -> None:
        today = self.local_date(clock.now())
        self.steps.extend(OnboardingStep.checklist(self.role, self.kick_off_on, today))
        if self.terms.is_retainer:
            self.periods.append(RetainerPeriod.nth(self.id, self.kick_off_on, 1))
        for task in ("engagements.welcome", "engagements.tell_consultant", "reviews.begin_series"):
            outbox.enqueue(task, self.id)

    def hold_kickoff(self, person: Person, notes: str = "", waive: bool = False) -> None:
        """Close the kick-off: the engagement is active and the recap goes out.

        notes: what was decided; waive: go on without required steps that are still open.
        """
        if self.lock().stage == "active":
            return
        kickoff = self.kickoff
        if kickoff is None or clock.now() < kickoff.starts_at:
            raise IllegalStage("The kick-off has not begun yet.")
        for step in self.steps if waive else ():
            if step.required and step.open:
                step.waive()
        if kickoff.state == "booked":
            kickoff.hold()
        self.kickoff_notes = notes
        self.advance("active", person, "Kick-off held")
        outbox.enqueue("engagements.recap_kickoff", self.id)

    # -- cancelling before the kick-off ------------------------------------------------------------

    @property
    def refund_policy(self) -> RefundPolicy:
        """Counted from the kick-off as it was booked: moving it later changes no policy."""
        sold = self.terms if self.terms_history else self.offering
        starts_at, percent = self.hold.starts_at, sold.late_refund_percent
        return RefundPolicy.before(starts_at, sold.full_refund_days, percent, self.time_zone)

    def refund_percent(self, at: datetime | None = None) -> int:
        """Of everything paid at booking; at: the instant of cancelling (its own, or now)."""
        return self.refund_policy.percent(at or self.cancelled_at or clock.now())

    def refund_due(self, at: datetime | None = None) -> Money:
        return self.terms.due_at_booking.percent(self.refund_percent(at))

    @property
    def cancelled_at(self) -> datetime | None:
        """When it was cancelled before its kick-off."""
        steps = (row for row in self.stage_changes if row.from_stage == "onboarding")
        return next((row.at for row in steps if row.to_stage == "ended"), None)

    @property
    def called_off_at(self) -> datetime | None:
        """When it came to nothing: lost, or cancelled before its kick-off."""
        lost = (row.at for row in reversed(self.stage_changes) if row.to_stage == "lost")
        return next(lost, None) if self.stage == "lost" else self.cancelled_at

    def cancel_before_kickoff(self, person: Person, reason: str = "") -> None:
        """End it by the refund policy: the kick-off is called off, the capacity is free again."""
        if self.lock().stage == "ended":
            return
        self.advance("ended", person, reason)
        kickoff = self.kickoff
        assert kickoff is not None
        kickoff.cancel("The engagement was cancelled.")
        self.ends_on = self.local_date(clock.now())
        self.hold.free_capacity(self.hold.first_month)
        for period in self.periods:
            period.state = "closed"
        outbox.enqueue("billing.settle_cancellation", self.id)
