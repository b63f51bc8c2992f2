"""The mails of a change of terms: to the client, who pays, and to the team, who does the work.

The client reads what it costs; the consultants read what it means for their days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from webapp.accounts.models import Person
from webapp.engagements.mails import page_url
from webapp.engagements.models import ChangeRequest, Engagement, Pause, TermsChange
from webapp.engagements.models.period import month_of
from webapp.money import Money
from webapp.notifications.sending import send_email
from webapp.web import absolute_url, format_day, format_money, zone_place

Rows = list[tuple[str, str]]

MAILS = {
    "upgrade": "terms_changed", "downgrade": "terms_changed", "switch": "terms_changed",
    "plan_withdrawn": "change_withdrawn",
    "pause_planned": "pause_planned", "pause_withdrawn": "pause_withdrawn",
    "pause_begun": "pause_begins", "resumed": "resumed",
    "notice_given": "notice_given", "notice_withdrawn": "notice_withdrawn",
    "ended": "engagement_ended",
}  # fmt: skip
# The firm's coordinators hear of what ends, or does not after all.
TOLD_TO_FIRM = frozenset({"notice_given", "notice_withdrawn", "ended"})


@dataclass(frozen=True)
class Account:
    """What billing adds, for those who pay. rows: amounts beside the change's own; unpaid, owed:
    the number of the invoice for which the engagement is ended, and what is open of it."""

    rows: tuple[tuple[str, str], ...] = ()
    unpaid: str = ""
    owed: str = ""


def tell(change: TermsChange, account: Account = Account()) -> None:
    """To everybody it concerns, once each."""
    engagement = change.engagement
    for person, side in _readers(engagement, change.kind in TOLD_TO_FIRM):
        send_email(
            MAILS[change.kind],
            person,
            change,
            change=change,
            engagement=engagement,
            side=side,
            company=engagement.company.name if engagement.company else "",
            effective=day_of(engagement, change.effective_on, person),
            end_day=day_of(engagement, change.ends_on, person) if change.ends_on else "",
            rows=_rows(change, person, side, account),
            account=account,
            url=page_url(engagement),
        )


def remind_resume(pause: Pause, account: Account = Account()) -> None:
    """A week before work goes on."""
    engagement = pause.engagement
    for person, side in _readers(engagement, firm=False):
        send_email(
            "resume_soon",
            person,
            pause,
            pause.ends.isoformat(),
            engagement=engagement,
            side=side,
            company=engagement.company.name if engagement.company else "",
            effective=day_of(engagement, pause.ends, person),
            rows=account.rows if side == "client" else (),
            url=page_url(engagement),
        )


def tell_requested(request: ChangeRequest) -> None:
    """A coordinator answers it, on its own page."""
    engagement = request.engagement
    url = absolute_url("billing.change_request", engagement_id=engagement.id, request_id=request.id)
    for person in Person.coordinators():
        send_email("change_requested", person, request, request=request, engagement=engagement,
                   company=engagement.company.name if engagement.company else "",
                   url=url)  # fmt: skip


def tell_declined(request: ChangeRequest) -> None:
    send_email("change_declined", request.asked_by, request, request=request,
               engagement=request.engagement, url=page_url(request.engagement))  # fmt: skip


# -- who, and what they read -----------------------------------------------------------------------


def _readers(engagement: Engagement, firm: bool) -> Iterable[tuple[Person, str]]:
    """Each person once, with the side they read it from: 'client', 'team' or 'firm'."""
    company = engagement.company
    contact = company and company.billing_contact
    found = {person: "client" for person in (engagement.sponsor, contact) if person}
    for row in engagement.assignments:
        found.setdefault(row.consultant.person, "team")
    for person in Person.coordinators() if firm else ():
        found.setdefault(person, "firm")
    return found.items()


def day_of(engagement: Engagement, day: date, reader: Person) -> str:
    """A date of the engagement's, with whose clock it goes by where the reader has another."""
    told = format_day(day)
    if reader.time_zone == engagement.time_zone:
        return told
    return f"{told} ({zone_place(engagement.time_zone)} time)"


def _rows(change: TermsChange, reader: Person, side: str, account: Account) -> Rows:
    rows = _plan_rows(change, side) if change.after else []
    if change.amount_minor and side != "team":
        rows.append(_amount_row(change))
    if side == "client":
        rows.extend(account.rows)
    if change.reason and change.kind != "resumed":  # the reason is the pause's
        rows.append(("Reason", change.reason))
    return [*rows, ("By", change.by)] if change.by != "system" and side != "client" else rows


def _plan_rows(change: TermsChange, side: str) -> Rows:
    rows = [("Plan", f"{change.after['name']} (was: {change.before['name']})"),
            ("Days a month", str(change.after["days_per_month"]))]  # fmt: skip
    if side != "team":
        price = f"{format_money(change.new_price)} (was: {format_money(change.old_price)})"
        rows.append(("Each month", f"{price}, before tax"))
        rows.extend(_with_code(change))
    return rows


def _with_code(change: TermsChange) -> Rows:
    """What a month comes to while the code used at booking still takes something off it."""
    engagement, day = change.engagement, change.effective_on
    new = engagement.terms_on(day)
    if not new.discounted(month_of(engagement.kick_off_on, day)):
        return []
    reduced = format_money(change.new_price - new.monthly_discount)
    return [(f"While code {new.coupon_code} is good", f"{reduced}, before tax")]


def _amount_row(change: TermsChange) -> tuple[str, str]:
    if change.amount_minor < 0:
        back = Money(-change.amount_minor, change.currency)
        return "Credit", f"{format_money(back)}, before tax; it comes off what you pay next"
    if change.kind == "resumed":
        return "For the days until the next month", f"{format_money(change.amount)}, before tax"
    return "Charged now", f"{format_money(change.amount)}, before tax"
