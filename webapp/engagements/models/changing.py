"""Another plan for a running retainer: at once, or from the month that comes next."""

from __future__ import annotations

from datetime import date

from webapp.accounts.models import Person
from webapp.booking.models.capacity import months_from
from webapp.booking.models.refusals import DaysPromised
from webapp.booking.models.seat import can_fill
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models.change import ChangeRefused, TermsChange, facts_of
from webapp.engagements.models.period import span
from webapp.engagements.models.staged import Staged
from webapp.engagements.models.terms import Terms
from webapp.money import Money
from webapp.web import format_day


class Changing(Staged):
    """Changes of plan. One may be planned at a time, and one a day may come into force."""

    def why_no_other_plan(self, offering: Offering, start: date) -> str:
        """Why this plan may not begin on that day, for a person to read; '' when it may."""
        try:
            self._check_plan(offering, start)
        except ChangeRefused as refused:
            return str(refused)
        return ""

    def change_plan(
        self,
        offering: Offering,
        start: date,
        by: Person,
        reason: str,
        amount: Money,
        *,
        keeps_code: bool,
    ) -> TermsChange:
        """Other terms from `start` on: today, or the next month's first day.

        amount: what is charged for the days left of this month, negative for a credit; keeps_code:
        whether the code used at booking goes on taking something off. The days of its consultants
        are taken, or given back, with it. Raises ChangeRefused.
        """
        self.lock()
        self._check_plan(offering, start)
        kind = _kind(self.terms, offering)
        self._take_days(offering.days_per_month, start, kind == "upgrade")
        new = Terms.of(offering, start)
        if keeps_code:
            new.keep_code(self.terms)
        change = self._changed(kind, start, by, reason, task="terms_changed", new=new,
                               offering_id=offering.id, amount=amount)  # fmt: skip
        self.terms_history.append(new)
        session.flush()
        return change

    def withdraw_plan(self, by: Person, reason: str) -> TermsChange:
        """The plan stays as it is: terms that have not come into force yet are dropped."""
        self.lock()
        planned = self.planned_terms
        if planned is None:
            raise ChangeRefused("No change of plan is waiting to begin.")
        start = planned.valid_from
        self._keep_days(planned, refuse=self.terms.days_per_month > planned.days_per_month)
        after = facts_of(self.terms, self.offering_of(self.terms).id)
        self.terms_history.remove(planned)
        session.flush()
        return self._changed("plan_withdrawn", start, by, reason, task="terms_changed", after=after)

    # -- guards ------------------------------------------------------------------------------------

    def _check_plan(self, offering: Offering, start: date) -> None:
        """What must hold, the cheapest first; capacity is asked when it is taken."""
        old = self.terms
        if self.stage != "active":
            raise ChangeRefused(f"The plan is changed while the engagement is active; it is "
                                f"“{self.stage_label}” now.")  # fmt: skip
        self._check_nothing_pending()
        if start not in {self.today, self.month_after(self.today)}:
            raise ChangeRefused("A plan begins today or with the next month.", "start")
        if not (offering.is_retainer and offering.sold):
            raise ChangeRefused("This plan is not sold as a retainer.", "offering")
        if offering.currency != old.currency:
            raise ChangeRefused(f"It is priced in {offering.currency}; this engagement is paid in "
                                f"{old.currency}.", "offering")  # fmt: skip
        if same_plan(old, offering):
            raise ChangeRefused("That is the plan there is now.", "offering")
        if not can_fill(offering, self.consultants):
            raise ChangeRefused(f"{self.with_whom} cannot fill that role.", "offering")
        self._check_minimum(offering, start)

    def _check_nothing_pending(self) -> None:
        if planned := self.planned_terms:
            day = format_day(planned.valid_from)
            raise ChangeRefused(f"A change is planned for {day} already: withdraw it first.")
        if self.terms.valid_from == self.today:
            raise ChangeRefused("The plan began today; it can be changed again tomorrow.")

    def _check_minimum(self, offering: Offering, start: date) -> None:
        """The price agreed for the minimum term is kept for as long."""
        agreed = self.minimum_until
        if offering.price_minor < self.terms.price_minor and start < agreed:
            raise ChangeRefused(f"The minimum term runs until {format_day(agreed)}: until then the "
                                "plan cannot be made smaller.", "offering")  # fmt: skip

    @property
    def minimum_until(self) -> date:
        """The first day after the minimum term, counted from the kick-off."""
        return span(self.kick_off_on, self.terms.minimum_months)[1]

    # -- capacity ----------------------------------------------------------------------------------

    def _take_days(self, days: int, start: date, more: bool) -> None:
        """More are taken from the month of `start` on, fewer from its first whole month on."""
        this_month, next_month = months_from(start, 2)
        month = next_month if not more and start.day > 1 else this_month
        self._have_days(days, month, refuse=more)

    def _keep_days(self, planned: Terms, refuse: bool) -> None:
        """The days of the present plan again, from the month in which another was to begin."""
        month = planned.valid_from.replace(day=1)
        self._have_days(self.terms.days_per_month, month, refuse)

    def _have_days(self, days: int, month: date, refuse: bool) -> None:
        try:
            self.hold.change_days(days, month, refuse=refuse)
        except DaysPromised as refused:
            raise ChangeRefused(str(refused), "offering") from refused


def same_plan(terms: Terms, offering: Offering) -> bool:
    """Whether the offering sells what the terms give, at their price."""
    names = ("role", "price_minor", "days_per_month", "included_minutes", "overage_rate_minor")
    return all(getattr(terms, name) == getattr(offering, name) for name in names)


def _kind(old: Terms, new: Offering) -> str:
    if new.price_minor == old.price_minor:
        return "switch"
    return "upgrade" if new.price_minor > old.price_minor else "downgrade"
