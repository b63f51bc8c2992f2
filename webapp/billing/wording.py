"""How what is billed, and what follows from its not being paid, is told on pages and in mails."""

from __future__ import annotations

from typing import Protocol

from webapp import clock
from webapp.billing.models import ArrearsDecision, Invoice, Upcoming
from webapp.billing.models.invoice import OVER
from webapp.billing.owing.set_off import set_off
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_day, format_money

Row = tuple[str, Money]
# From this day of dunning on the firm is asked to decide.
DECISION_DAY = 10


class Billed(Protocol):
    """An invoice, or one to come: its lines before discount and tax, and those."""

    engagement: Engagement

    @property
    def rows(self) -> list[Row]: ...

    @property
    def discount(self) -> Money: ...

    @property
    def tax(self) -> Money: ...


def sums_of(billed: Billed) -> list[Row]:
    """(what, amount) that add up to its total: each line that costs something, discount, tax."""
    told = [(text, amount) for text, amount in billed.rows if amount]
    if billed.discount:
        told.append((discount_of(billed.engagement), -billed.discount))
    return [*told, ("Tax", billed.tax)] if billed.tax else told


def sums_to_pay(billed: Invoice | Upcoming) -> list[Row]:
    """The same down to what is asked for: less the deposit, the client's credit, credit notes."""
    return [*sums_of(billed), *set_off(billed).rows]


def told_sums(billed: Invoice | Upcoming) -> list[tuple[str, str]]:
    """The same for a mail: what is paid or to pay is their sum."""
    return [(what, format_money(amount)) for what, amount in sums_to_pay(billed)]


def discount_of(engagement: Engagement) -> str:
    """With the code that it comes from."""
    codes = (terms.coupon_code for terms in engagement.terms_history if terms.coupon_code)
    code = next(codes, "")
    return f"Discount, code {code}" if code else "Discount"


# -- while an invoice is not paid ------------------------------------------------------------------


def meanwhile(invoice: Invoice, work: str = "The work", client: bool = True) -> str:
    """What becomes of the work until an unpaid invoice is paid, as things stand; '' for a booking
    that came to nothing. work: how the reader calls it."""
    engagement, name = invoice.engagement, "Your engagement" if client else "The engagement"
    ends = format_day(engagement.ends_on) if engagement.ends_on else ""
    if engagement.stage == "ended":
        return f"{name} ended on {ends}; this is still open of it." if ends else ""
    if engagement.stage == "lost":
        return ""
    if engagement.stage == "paused":
        pause = engagement.live_pause
        return f"{name} is paused until {format_day(pause.ends)}." if pause else ""
    if engagement.stage == "ending":
        return f"{name} ends on {ends}. {_until_the_end(invoice, work)}".strip()
    return _goes_on(invoice, work, client)


def _until_the_end(invoice: Invoice, work: str) -> str:
    """What was promised, and not more: it can be ended sooner for what is not paid."""
    engagement = invoice.engagement
    grace = engagement.local_date(invoice.grace_until)
    assert engagement.ends_on is not None
    if ArrearsDecision.latest_on(invoice) or grace >= engagement.ends_on:
        return f"{work} goes on until then."
    promised = clock.now() < invoice.grace_until
    return f"{work} goes on until {format_day(grace)} in any case." if promised else ""


def _goes_on(invoice: Invoice, work: str, client: bool) -> str:
    if ArrearsDecision.latest_on(invoice):
        return f"{work} goes on."
    if clock.now() < invoice.grace_until:
        grace = format_day(invoice.grace_until, invoice.engagement.time_zone)
        return f"{work} goes on until {grace} in any case."
    return f"{work} goes on until {'we decide' if client else 'a coordinator decides'} otherwise."


def asks_decision(invoice: Invoice) -> bool:
    """Whether the firm still has to decide what comes; a decision can be changed unasked."""
    return invoice.asks_decision and ArrearsDecision.latest_on(invoice) is None


DECIDED = {"go_on": "the work goes on", "pause": "it pauses", "end": "it ends"}


def decided_on(invoice: Invoice) -> str:
    """'Decided by Cora on 25 December 2026: it ends'; '' while nobody has."""
    made = ArrearsDecision.latest_on(invoice)
    return told_decision(made) if made else ""


def told_decision(made: ArrearsDecision) -> str:
    engagement = made.invoice.engagement
    ends = made.decision == "end" and engagement.ends_on
    when = f" on {format_day(ends)}" if ends else ""
    day = format_day(made.at, engagement.time_zone)
    return f"Decided by {made.by} on {day}: {DECIDED[made.decision]}{when}"


def for_the_team(invoice: Invoice, day: int) -> str:
    """What those who work for the client are asked on a day of dunning, as things stand."""
    engagement, call = invoice.engagement, "A word from you may help."
    if day >= DECISION_DAY:
        call = "Please call them."
    if engagement.stage in OVER:
        return f"The engagement is over, so nothing is to be decided about the work. {call}"
    if decided := decided_on(invoice):
        return f"{decided}. Nothing is to be decided again. {call}"
    if day < DECISION_DAY:
        return f"They have been told. {call} {meanwhile(invoice, client=False)}"
    if engagement.stage == "ending" and engagement.ends_on:
        ends = format_day(engagement.ends_on)
        return f"{call} The engagement ends on {ends}: decide whether it ends sooner."
    return f"{call} Decide whether the engagement goes on, pauses until it is paid, or ends."
