"""Notice and the end: an engagement ends where a paid month ends."""

from __future__ import annotations

from datetime import date, timedelta

from webapp import outbox
from webapp.accounts.models import Person
from webapp.booking.models.capacity import months_from
from webapp.booking.models.refusals import DaysPromised
from webapp.engagements.models.change import ChangeRefused, TermsChange
from webapp.engagements.models.pausing import Pausing
from webapp.web import format_day

CHOICES = 4


class Ending(Pausing):
    """ends_on is the first day after: the months up to it are paid, and none after it."""

    @property
    def end_dates(self) -> list[date]:
        """On which it may end by notice given today, the earliest first.

        Month ends, and in a pause also the day on which work would have resumed.
        """
        earliest = max(self.today + timedelta(days=self.terms.notice_days), self.minimum_until)
        pause = self.live_pause
        found = []
        if pause and pause.state == "running" and pause.ends >= earliest:
            found.append(pause.ends)
        day = max(earliest, pause.ends) if pause and pause.state == "running" else earliest
        starts, ends = self.month_around(day)
        month = starts if starts == day else ends
        while len(found) < CHOICES:
            if month not in found:
                found.append(month)
            month = self.month_after(month)
        return found

    def give_notice(self, ends_on: date, by: Person, reason: str = "") -> TermsChange:
        """It ends on one of `end_dates`; what was planned for later is dropped.

        The consultants' days after it can be sold again. Raises ChangeRefused, IllegalStage.
        """
        self.lock()
        if self.stage == "ending":
            raise ChangeRefused("Notice has been given already.")
        if not self.terms.is_retainer:
            raise ChangeRefused("This engagement ends by itself.")
        if ends_on not in self.end_dates:
            raise ChangeRefused("Choose one of the dates shown: it ends where a month ends, after "
                                f"{self.terms.notice_days} days' notice and the minimum term.",
                                "ends_on")  # fmt: skip
        self.ends_on = ends_on
        self.advance("ending", by, reason)
        self._drop_plans(by, f"Notice was given for {format_day(ends_on)}")
        self.hold.free_capacity(_first_free_month(ends_on))
        return self._changed("notice_given", self.today, by, reason, task="notice_given",
                             ends_on=ends_on)  # fmt: skip

    def withdraw_notice(self, by: Person, reason: str) -> TermsChange:
        """It goes on as if none had been given. Raises ChangeRefused where a consultant's days
        were promised to others meanwhile."""
        self.lock()
        ended_on = self.ends_on
        try:
            self.hold.keep_capacity()
        except DaysPromised as promised:
            raise ChangeRefused(f"{promised} They were promised to others meanwhile.") from promised
        self.advance("active", by, reason)
        self.ends_on = None
        if (pause := self.live_pause) and pause.state == "running":
            self.advance("paused", by, f"Paused until {format_day(pause.ends)}")
        return self._changed("notice_withdrawn", self.today, by, reason, task="notice_withdrawn",
                             ends_on=ended_on)  # fmt: skip

    def cut_off(self, ends_on: date, reason: str, by: Person | None = None) -> None:
        """No month after `ends_on` will be paid, whoever saw to that: it ends there.

        At once where that day has come: then that is all there is to tell. Nothing to do for what
        is ending by then, or over. by: who decided it; nobody where it was seen at Stripe.
        """
        self.lock()
        ends_on = max(ends_on, self.today)
        if self.stage not in {"onboarding", "active", "paused", "ending"}:
            return
        if self.stage != "ending":
            self._begin_to_end(ends_on, reason, by)
        elif self.ends_on is None or ends_on < self.ends_on:
            self._set_end(ends_on, reason, by)
        self.hold.free_capacity(_first_free_month(ends_on))
        if self.today >= ends_on:
            self.end(by, reason)

    def _begin_to_end(self, ends_on: date, reason: str, by: Person | None) -> None:
        self.ends_on = ends_on
        self.advance("ending", None, reason)
        self._drop_plans(by, reason)
        self._set_end(ends_on, reason, by)

    def _set_end(self, ends_on: date, reason: str, by: Person | None) -> None:
        """Stripe and everybody concerned follow, unless that day has come: then they do as it
        ends."""
        self.ends_on = ends_on
        if ends_on > self.today:
            self._changed("notice_given", self.today, by, reason, task="notice_given",
                          ends_on=ends_on)  # fmt: skip

    def end(self, by: Person | None = None, reason: str = "") -> None:
        """Its last day is over: the months are closed and the account is settled.

        What it has stays readable. Safe to call again.
        """
        if self.lock().stage == "ended":
            return
        self.advance("ended", by, reason)
        assert self.ends_on is not None
        self._close_months(self.ends_on)
        if (pause := self.live_pause) is not None:
            pause.state = "over" if pause.state == "running" else "withdrawn"
        self.hold.free_capacity(_first_free_month(self.ends_on))
        self._changed("ended", self.ends_on, by, reason, task="ended", ends_on=self.ends_on)
        outbox.enqueue("billing.close_account", self.id)

    def may_withdraw_notice(self, by: Person | None) -> bool:
        return self.stage == "ending" and not self.why_not("active", by)

    # -- what goes with it -------------------------------------------------------------------------

    def _drop_plans(self, by: Person | None, reason: str) -> None:
        """A change of plan, or a pause, that has not begun will not take place."""
        pause, planned = self.live_pause, self.planned_terms
        if planned is not None:
            self._keep_days(planned, refuse=False)
            self.terms_history.remove(planned)
            self._changed("plan_withdrawn", planned.valid_from, by, reason, task="terms_changed")
        if pause is not None and pause.state == "planned":
            self.withdraw_pause(pause, by, reason)

    def _close_months(self, day: date) -> None:
        """The last month ends with the engagement; one that was planned after it goes."""
        for period in list(self.periods):
            if period.starts >= day:
                self.periods.remove(period)
            elif period.ends > day:
                period.ends = day
        for period in self.periods:
            if period.state in {"planned", "open"}:
                period.state = "closing"


def _first_free_month(day: date) -> date:
    """The first calendar month in which nothing of what ended before `day` lies."""
    this_month, next_month = months_from(day, 2)
    return this_month if day.day == 1 else next_month
