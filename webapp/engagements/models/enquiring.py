"""An engagement while it is being booked: what is typed, the time held, the text to agree to."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.booking.queries import teams_in_turn
from webapp.catalog.models import Offering
from webapp.engagements.models.draft import Draft
from webapp.engagements.models.staffed import Staffed
from webapp.engagements.stages import IllegalStage
from webapp.engagements.wording import agreement_text

LINK_HOURS = 48
UNPAID = frozenset({"enquiry", "signed"})


class Enquiring(Staffed):
    """draft: what a visitor typed before the agreement made it a company and a person.

    kick_off_on is the local date, in time_zone, on which period 1 starts. touched_at: when the
    client last did something about booking; asked_at: when they were first asked to pay, by
    signing or by a coordinator's link; settles_by: by when a bank debit that was begun has cleared.
    """

    stage: Mapped[str] = mapped_column(default="enquiry", index=True)
    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    booked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    draft: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB()), default=dict)
    time_zone: Mapped[str]
    kick_off_on: Mapped[date]
    touched_at: Mapped[datetime] = mapped_column(default=clock.now)
    asked_at: Mapped[datetime | None]
    settles_by: Mapped[datetime | None]

    @declared_attr
    def offering(cls) -> Mapped[Offering]:
        return relationship()

    @declared_attr
    def booked_by(cls) -> Mapped[Person | None]:
        return relationship(foreign_keys="Engagement.booked_by_id")

    @property
    def details(self) -> Draft:
        return Draft.of(self.draft)

    def local_date(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def note_details(self, draft: Draft, booked_by: Person | None) -> None:
        """Keep what was typed; a reminder of the way back is due an hour later."""
        self.draft = draft.as_dict()
        self.booked_by = booked_by
        company = draft.known_company()
        self.time_zone = company.time_zone if company else draft.time_zone
        self.kick_off_on = self.local_date(self.hold.starts_at)
        self.touch()

    def touch(self) -> None:
        """The client is at it: whoever falls silent from here on is reminded once, in an hour."""
        self.touched_at = now = clock.now()
        run_after = now + timedelta(hours=1)
        outbox.enqueue("engagements.offer_resume", self.id, now.isoformat(), run_after=run_after)

    def change_slot(self, starts_at: datetime, anyone: bool = False) -> None:
        """Another kick-off time while nothing is paid. Raises SlotTaken, NotOffered, IllegalStage.

        Also from the agreement on, which leaves room for it, until it is paid. anyone: whoever is
        free then takes over; from the agreement on, its consultants stay.
        """
        if self.lock().stage not in UNPAID:
            raise IllegalStage("This engagement is booked: move its kick-off instead.")
        if self.settles_by:
            raise IllegalStage("Your bank payment for this kick-off is on its way.")
        if anyone and self.stage == "enquiry":
            teams = teams_in_turn(self.offering, starts_at, self.hold)
            self.hold.move_to_any(teams, starts_at)
        else:
            self.hold.move(starts_at)
        self.kick_off_on = self.local_date(self.hold.starts_at)

    def agreement_text(self) -> str:
        """The whole agreement as it stands now; the same until something in it changes."""
        return agreement_text(self.details, self.offering, self.hold, self.time_zone)

    def send_to_client(self, by: Person) -> None:
        """A coordinator's booking goes to the client, who has two days to sign and pay."""
        if self.stage != "enquiry" or not self.details.complete:
            raise IllegalStage("There is nothing to send: no details, or signed already.")
        self.asked_at = now = clock.now()
        self.booked_by = by
        self.hold.keep_until(now + timedelta(hours=LINK_HOURS))
        audit.record("engagement.sent_to_client", self, to=self.details.contact_email)
        outbox.enqueue("engagements.ask_for_payment", self.id, now.isoformat(), 0)
