"""What was agreed: the terms from day to day, and the months they are paid for."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp import clock
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models.change import PLAN, ChangeRequest, Pause, TermsChange
from webapp.engagements.models.enquiring import Enquiring
from webapp.engagements.models.period import RetainerPeriod, month_of, span
from webapp.engagements.models.terms import Terms
from webapp.money import Money


class Agreed(Enquiring):
    """ends_on: the first local date on which it is over, once that is known."""

    ends_on: Mapped[date | None] = mapped_column()

    @declared_attr
    def terms_history(cls) -> Mapped[list[Terms]]:
        return relationship(order_by=Terms.valid_from, cascade="all, delete-orphan")

    @declared_attr
    def periods(cls) -> Mapped[list[RetainerPeriod]]:
        return relationship(order_by=RetainerPeriod.starts, cascade="all, delete-orphan")

    @declared_attr
    def changes(cls) -> Mapped[list[TermsChange]]:
        return relationship(back_populates="engagement", order_by=TermsChange.id)

    @declared_attr
    def pauses(cls) -> Mapped[list[Pause]]:
        return relationship(back_populates="engagement", order_by=Pause.starts)

    @declared_attr
    def requests(cls) -> Mapped[list[ChangeRequest]]:
        return relationship(back_populates="engagement", order_by=ChangeRequest.id)

    @property
    def today(self) -> date:
        """By the engagement's own clock."""
        return self.local_date(clock.now())

    # -- terms -------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """What was sold, such as 'COO, four days a month'."""
        return self.terms.name if self.terms_history else self.offering.name

    @property
    def role(self) -> str:
        return self.terms.role if self.terms_history else self.offering.role

    @property
    def terms(self) -> Terms:
        """Those in force today; before the first are, the first."""
        return self.terms_on(self.today)

    def terms_on(self, day: date) -> Terms:
        started = [terms for terms in self.terms_history if terms.valid_from <= day]
        return (started or self.terms_history)[-1 if started else 0]

    @property
    def planned_terms(self) -> Terms | None:
        """Those that come into force later, where a change is planned."""
        latest = self.terms_history[-1] if self.terms_history else None
        return latest if latest and latest.valid_from > max(self.today, self.kick_off_on) else None

    def offering_of(self, terms: Terms) -> Offering:
        """The offering that terms were copied from."""
        began = terms.valid_from.isoformat()
        made = [row.after for row in self.changes if row.kind in PLAN]
        named = [after["offering"] for after in made if after["valid_from"] == began]
        if terms is self.terms_history[0] or not named:
            return self.offering
        return session.get_one(Offering, uuid.UUID(named[-1]))

    @property
    def due_at_booking(self) -> Money:
        sold = self.terms_history[0] if self.terms_history else self.offering
        return sold.due_at_booking

    # -- months ------------------------------------------------------------------------------------

    def month_around(self, day: date) -> tuple[date, date]:
        """[starts, ends) of the month, counted from the kick-off, in which a day lies."""
        return span(self.kick_off_on, month_of(self.kick_off_on, day))

    def month_after(self, day: date) -> date:
        """The first date after `day` on which a month begins."""
        return self.month_around(day)[1]

    # -- pauses ------------------------------------------------------------------------------------

    @property
    def live_pause(self) -> Pause | None:
        """The one that is planned or runs."""
        return next((pause for pause in self.pauses if pause.live), None)

    def paused_on(self, day: date) -> bool:
        """Whether that day is in a pause: no work is done on it, and no minutes count."""
        return any(pause.covers(day) for pause in self.pauses)

    def under_way_on(self, day: date) -> bool:
        """Whether there is work on that day, as things stand: no pause, and not over by then."""
        if self.paused_on(day):
            return False
        if self.stage == "ending":
            return self.ends_on is None or day < self.ends_on
        goes_on = self.stage == "paused" and self.live_pause is not None
        return goes_on or self.stage in {"onboarding", "active"}

    def open_request(self, kind: str) -> ChangeRequest | None:
        waiting = (row for row in self.requests if row.state == "open" and row.kind == kind)
        return next(waiting, None)
