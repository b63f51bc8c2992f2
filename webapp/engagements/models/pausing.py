"""Pauses: dated days on which nothing is done and nothing is paid; the calendar is kept."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from webapp import audit, outbox
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements.models.change import ChangeRefused, Pause, TermsChange
from webapp.engagements.models.changing import Changing
from webapp.engagements.models.period import RetainerPeriod, month_of
from webapp.money import Money
from webapp.web import format_day

LONGEST = relativedelta(months=3)
AHEAD_DAYS = 7


class Pausing(Changing):
    """One pause is planned or runs at a time. The consultants' days stay taken throughout."""

    def why_no_pause(self, starts: date, ends: date) -> str:
        """Why it may not be paused so, for a person to read; '' when it may."""
        return str(self.pause_refusal(starts, ends) or "")

    def pause_refusal(self, starts: date, ends: date) -> ChangeRefused | None:
        """The same with the field that it is about; None when it may."""
        try:
            self._check_pause(starts, ends)
        except ChangeRefused as refused:
            return refused
        return None

    def plan_pause(self, starts: date, ends: date, by: Person, reason: str) -> Pause:
        """Pause [starts, ends). From today on, or a week ahead at least; three months at most.

        It begins by its own job, which a planner puts in line. Raises ChangeRefused.
        """
        self.lock()
        self._check_pause(starts, ends)
        if not reason.strip():
            raise ChangeRefused("Say why.", "reason")
        pause = Pause(starts=starts, ends=ends, reason=reason[:500])
        self.pauses.append(pause)
        session.flush()
        self._changed("pause_planned", starts, by, reason, task="pause_planned",
                      ends_on=ends, pause_id=pause.id)  # fmt: skip
        if starts == self.today:
            outbox.enqueue("billing.begin_pause", pause.id, starts.isoformat())
        return pause

    def withdraw_pause(self, pause: Pause, by: Person | None, reason: str) -> TermsChange:
        """A pause that has not begun does not take place."""
        self.lock()
        session.refresh(pause)
        if pause.state != "planned":
            raise ChangeRefused("This pause has begun, or was withdrawn already.")
        pause.state = "withdrawn"
        return self._changed("pause_withdrawn", pause.starts, by, reason, task="pause_withdrawn",
                             ends_on=pause.ends, pause_id=pause.id)  # fmt: skip

    def begin_pause(self, pause: Pause, credit: Money) -> TermsChange:
        """Its first day has come: the month is cut there. credit: for the days paid already.

        Safe to look at again: only a planned pause begins.
        """
        self._advance_to_pause(pause)
        pause.state = "running"
        self._cut_months(pause.starts)
        return self._changed("pause_begun", pause.starts, None, pause.reason, task="paused",
                             ends_on=pause.ends, pause_id=pause.id, amount=credit)  # fmt: skip

    def _advance_to_pause(self, pause: Pause) -> None:
        if self.stage == "active":
            self.advance("paused", None, f"Paused until {format_day(pause.ends)}")

    def resume(self, pause: Pause, on: date, by: Person | None, charge: Money) -> TermsChange:
        """Work goes on from that date: the end of the pause, or sooner.

        charge: for the days until the next month begins.
        """
        if pause.state != "running":
            raise ChangeRefused("This pause is not running.")
        pause.state, pause.ends = "over", max(on, pause.starts + timedelta(days=1))
        if self.stage == "paused":
            self.advance("active", by, f"Resumed on {format_day(on)}")
        self._begin_rest_of_month(on)
        return self._changed("resumed", on, by, pause.reason, task="resumed",
                             pause_id=pause.id, amount=charge)  # fmt: skip

    def end_pause(self, pause: Pause, by: Person, reason: str) -> None:
        """Work goes on from today instead of the day planned; a job takes Stripe along."""
        self.lock()
        session.refresh(pause)
        if pause.state != "running":
            raise ChangeRefused("This pause is not running.")
        if self.today <= pause.starts:
            raise ChangeRefused("The pause begins today; work can resume tomorrow.")
        pause.ends = min(pause.ends, self.today)
        audit.record("pause.ended_early", pause, reason=reason)
        outbox.enqueue("billing.resume", pause.id, self.today.isoformat(), by.id)

    # -- guards ------------------------------------------------------------------------------------

    def _check_pause(self, starts: date, ends: date) -> None:
        if self.stage != "active":
            raise ChangeRefused(f"Only an active engagement is paused; it is "
                                f"“{self.stage_label}” now.")  # fmt: skip
        if not self.terms.is_retainer:
            raise ChangeRefused("Only a retainer is paused.")
        if other := self.live_pause:
            days = f"{format_day(other.starts)} to {format_day(other.ends)}"
            raise ChangeRefused(f"A pause from {days} is planned already.", "starts")
        self._check_days(starts, ends)

    def _check_days(self, starts: date, ends: date) -> None:
        soonest = self.today + timedelta(days=AHEAD_DAYS)
        if starts != self.today and starts < soonest:
            raise ChangeRefused(f"A pause begins today, or on {format_day(soonest)} at the "
                                "earliest.", "starts")  # fmt: skip
        if starts > self.today + LONGEST * 4:
            raise ChangeRefused("That is more than a year ahead.", "starts")
        if ends <= starts:
            raise ChangeRefused("Work resumes after the pause has begun.", "ends")
        if ends > starts + LONGEST:
            raise ChangeRefused("A pause lasts three months at most.", "ends")

    # -- months ------------------------------------------------------------------------------------

    def _cut_months(self, day: date) -> None:
        """The month ends where the pause begins; one that was to begin in it does not."""
        for period in list(self.periods):
            if period.starts >= day:
                self.periods.remove(period)
            elif period.ends > day:
                period.ends = day
        session.flush()

    def _begin_rest_of_month(self, day: date) -> None:
        number, ends = month_of(self.kick_off_on, day), self.month_after(day)
        parts = sum(period.number == number for period in self.periods)
        if not any(period.starts <= day < period.ends for period in self.periods):
            self.periods.append(
                RetainerPeriod(number=number, part=parts + 1, starts=day, ends=ends)
            )
            session.flush()
