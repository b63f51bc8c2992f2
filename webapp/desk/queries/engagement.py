"""One engagement with all that its page shows, as one viewer may see it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import (
    Customer,
    Dispute,
    Invoice,
    InvoiceItem,
    Payment,
    Refund,
    Subscription,
    Upcoming,
)
from webapp.billing.states import State, client_states_of, states_of
from webapp.booking.models import Booking, Hold
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.desk.seat import Seat
from webapp.engagements.models import Assignment, ChangeRequest, Engagement, OnboardingStep
from webapp.engagements.models.standing import may_read_agreement
from webapp.money import Money
from webapp.reviews.models import Review


def find(person: Person, engagement_id: uuid.UUID) -> Engagement | None:
    """The engagement, if this person may see it, with what its page reads of it."""
    row: Select[Any] = Engagement.visible_to(person).where(Engagement.id == engagement_id)
    found: Engagement | None = session.scalar(
        row.options(
            joinedload(Engagement.company),
            joinedload(Engagement.sponsor),
            joinedload(Engagement.offering),
            joinedload(Engagement.hold).selectinload(Hold.seat_rows),
            selectinload(Engagement.assignments).joinedload(Assignment.consultant),
        )
    )
    return found


@dataclass
class Page:
    """What one viewer sees of one engagement. Instants are told in the viewer's zone."""

    engagement: Engagement
    viewer: Person

    @property
    def zone(self) -> str:
        return self.viewer.time_zone

    @cached_property
    def seat(self) -> Seat:
        return Seat.of(self.engagement, self.viewer)

    @property
    def title(self) -> str:
        """The client sees what they bought; the firm sees whom it is for."""
        company = self.engagement.company
        named = company.name if company else self.engagement.details.company_name
        return self.engagement.title if self.seat.client else named or self.engagement.title

    @property
    def today(self) -> date:
        return self.engagement.local_date(clock.now())

    @property
    def is_retainer(self) -> bool:
        return self.engagement.offering.is_retainer

    @property
    def consultants(self) -> list[Consultant]:
        return self.engagement.consultants

    @property
    def shares(self) -> dict[uuid.UUID, int]:
        """Each consultant's percentage, once they are assigned."""
        return {row.consultant_id: row.share_percent for row in self.engagement.assignments}

    # -- meetings ----------------------------------------------------------------------------------

    @cached_property
    def meetings(self) -> list[Booking]:
        """Those to come or under way, the next first."""
        ahead = [row for row in self.engagement.meetings if row.state == "booked"]
        return [row for row in ahead if row.ends_at > clock.now()]

    @property
    def past_kickoff(self) -> Booking | None:
        """Once it is over, took place, or came to nothing: it can still be opened."""
        kickoff = self.engagement.kickoff
        return kickoff if kickoff and kickoff not in self.meetings else None

    @property
    def kickoff_at(self) -> datetime:
        kickoff = self.engagement.kickoff
        return kickoff.starts_at if kickoff else self.engagement.hold.starts_at

    @cached_property
    def reviews(self) -> Sequence[Review]:
        ours = select(Review).where(Review.engagement_id == self.engagement.id)
        rows = ours.order_by(Review.month).options(joinedload(Review.booking))
        return session.scalars(rows).all()

    def review_of(self, meeting: Booking) -> Review | None:
        return next((review for review in self.reviews if review.booking_id == meeting.id), None)

    @property
    def unplaced_reviews(self) -> list[Review]:
        return [review for review in self.reviews if review.state == "due" and review.note]

    @property
    def past_reviews(self) -> list[Review]:
        """The latest first."""
        return [row for row in reversed(self.reviews) if row.state in {"held", "missed"}]

    @property
    def unrecorded_reviews(self) -> list[Review]:
        """Their time has passed and nobody has said how they went."""
        waiting = (review for review in self.reviews if review.state == "booked" and review.booking)
        return [row for row in waiting if row.booking and row.booking.ends_at <= clock.now()]

    def may_open(self, meeting: Booking) -> bool:
        """Whether the meeting is the viewer's own, or the firm's to look at."""
        return self.seat.firm or meeting.side_of(self.viewer) is not None

    def may_move(self, meeting: Booking) -> bool:
        return meeting.movable and self.may_open(meeting) and not self.seat.reads_only

    # -- onboarding --------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        return self.engagement.stage in {"ended", "lost"}

    @property
    def steps(self) -> list[OnboardingStep]:
        """What is over asks for nothing more: only what was done stays."""
        return [step for step in self.engagement.steps if step.done or not self.over]

    @property
    def steps_done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def kickoff_to_record(self) -> bool:
        """The kick-off has begun, and this viewer may say that it was held."""
        kickoff = self.engagement.kickoff
        begun = kickoff and kickoff.state == "booked" and kickoff.starts_at <= clock.now()
        return bool(self.engagement.stage == "onboarding" and begun and self.seat.runs)

    @property
    def open_required(self) -> list[OnboardingStep]:
        return [step for step in self.steps if step.required and step.open]

    @property
    def may_cancel(self) -> bool:
        """Before the kick-off; later an engagement ends by notice."""
        early = self.engagement.stage == "onboarding"
        return early and not self.engagement.why_not("ended", self.viewer)

    @property
    def may_finish(self) -> bool:
        """Booked but not paid, and this viewer may go on with it."""
        unpaid = self.engagement.stage in {"enquiry", "signed"}
        return unpaid and (self.seat.pays or self.seat.sells)

    # -- changes of terms --------------------------------------------------------------------------

    @property
    def may_ask(self) -> bool:
        """The firm's coordinators change the terms; the sponsor asks, and may give notice."""
        return self.seat.sells or Role.SPONSOR in self.seat.roles

    @property
    def open_requests(self) -> list[ChangeRequest]:
        """For whoever asked, and whoever answers."""
        if not self.may_ask:
            return []
        return [row for row in self.engagement.requests if row.state == "open"]

    @property
    def may_change_plan(self) -> bool:
        return self.may_ask and self.is_retainer and self.engagement.stage == "active"

    @property
    def gives_notice(self) -> bool:
        decides = self.seat.roles & {Role.SPONSOR, Role.OWNER}
        running = self.engagement.stage in {"active", "paused"}
        # Once the kick-off's time has come it is not cancelled any more.
        begun = self.engagement.stage == "onboarding" and not self.may_cancel
        return bool(decides) and self.is_retainer and (running or begun)

    @cached_property
    def coordinators(self) -> Sequence[Person]:
        """Whom to write to."""
        return Person.coordinators()

    @property
    def may_read_agreement(self) -> bool:
        """It names the prices."""
        return may_read_agreement(self.engagement, self.viewer)

    # -- money -------------------------------------------------------------------------------------

    @cached_property
    def invoices(self) -> Sequence[Invoice]:
        """What the client has been asked to pay, the latest first."""
        ours = select(Invoice).where(Invoice.engagement_id == self.engagement.id)
        issued = ours.where(Invoice.status != "draft").options(selectinload(Invoice.refunds))
        return session.scalars(issued.order_by(Invoice.issued_at.desc(), Invoice.id)).all()

    @cached_property
    def disputes(self) -> Sequence[Dispute]:
        """Payments that the client's bank contests, as the firm sees them."""
        if not self.seat.firm:
            return []
        ours = select(Dispute).join(Dispute.payment).join(Payment.invoice)
        rows = ours.where(Invoice.engagement_id == self.engagement.id).options(
            contains_eager(Dispute.payment).contains_eager(Payment.invoice)
        )
        return session.scalars(rows.order_by(Dispute.opened_at)).all()

    @property
    def refunds(self) -> list[Refund]:
        return [refund for invoice in self.invoices for refund in invoice.refunds]

    @property
    def refund_awaited(self) -> Money | None:
        """What a cancellation gives back, in the moment before its refund is written down."""
        if not self.engagement.cancelled_at or self.refunds or not self.last_paid:
            return None
        return self.engagement.refund_due() or None

    @cached_property
    def states(self) -> dict[uuid.UUID, State]:
        """What each invoice is, by its id, in the viewer's words."""
        return states_of(self.invoices) if self.seat.firm else client_states_of(self.invoices)

    @property
    def in_trouble(self) -> Invoice | None:
        """The invoice that was not paid when it should have been."""
        return next((row for row in self.invoices if row.late or row.given_up), None)

    @property
    def stopped(self) -> bool:
        """Whether Stripe has given up charging for it."""
        mirror = Subscription.of(self.engagement)
        return mirror is not None and mirror.given_up

    @property
    def on_its_way(self) -> Invoice | None:
        """The invoice whose bank debit is under way."""
        return next((row for row in self.invoices if row.processing and row.status == "open"), None)

    @cached_property
    def waiting(self) -> Sequence[InvoiceItem]:
        """What will stand on the next invoice beside the retainer."""
        return InvoiceItem.pending_of(self.engagement) if self.seat.sees_invoices else []

    @property
    def last_paid(self) -> Invoice | None:
        return next((row for row in self.invoices if row.status == "paid"), None)

    @cached_property
    def next_charge(self) -> tuple[datetime, Money] | None:
        """When the next month is charged, and how much with all that waits, as last foreseen."""
        running = Subscription.of(self.engagement)
        if running is None or running.renews_at is None or not running.renews:
            return None
        upcoming = self.upcoming
        return running.renews_at, upcoming.due if upcoming else running.price

    @cached_property
    def upcoming(self) -> Upcoming | None:
        return Upcoming.of(self.engagement)

    @property
    def deposit_set_off(self) -> Money | None:
        """What of the deposit the next month takes, since it is the last."""
        upcoming = self.next_charge and self.upcoming
        return (upcoming.deposit or None) if upcoming else None

    @cached_property
    def customer(self) -> Customer | None:
        return Customer.of(self.engagement.company_id)
