"""The mails of changes: each kind reaches the client, the team and, where it ends, the firm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import make
from tests.mail import Mailbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements import change_mails
from webapp.engagements.change_mails import MAILS, TOLD_TO_FIRM
from webapp.engagements.models import ChangeRequest, Engagement, Pause, TermsChange
from webapp.engagements.models.change import facts_of

Drain = Callable[[], int]
REMINDER, REQUESTS = "resume_soon", {"change_requested", "change_declined"}
KINDS = frozenset(MAILS.values()) | {REMINDER} | REQUESTS


@pytest.fixture
def coordinator(begun: Engagement, drain: Drain, mailbox: Mailbox) -> Person:
    person = make.person(Role.COORDINATOR, email="cora@firm.example.com")
    session.commit()
    drain()
    mailbox.clear()
    return person


def change_of(engagement: Engagement, kind: str) -> TermsChange:
    """The row that such a change leaves, with all that its mail may speak of."""
    facts = facts_of(engagement.terms, engagement.offering.id)
    made = TermsChange(
        kind=kind, effective_on=engagement.today, ends_on=engagement.today + timedelta(days=9),
        by="Cora", reason="Because <b>it</b> is so", before=facts, currency="USD",
        after=facts | {"price_minor": 700000} if MAILS[kind] == "terms_changed" else {},
        amount_minor=12300,
    )  # fmt: skip
    engagement.changes.append(made)
    session.commit()
    return made


def received(mailbox: Mailbox) -> list[str]:
    return sorted(str(mail["To"]).rsplit("<", 1)[-1].rstrip(">") for mail in mailbox.messages)


@pytest.mark.parametrize("kind", sorted(MAILS))
def test_mail_of_a_change_goes_once_to_each_whom_it_concerns(
    begun: Engagement, coordinator: Person, drain: Drain, mailbox: Mailbox, kind: str
) -> None:
    change = change_of(begun, kind)
    for _ in range(2):
        change_mails.tell(change)
        session.commit()
    drain()
    assert begun.sponsor is not None
    firm = [coordinator.email] if kind in TOLD_TO_FIRM else []
    wanted = [begun.sponsor.email, begun.lead.person.email, *firm]
    assert received(mailbox) == sorted(wanted)
    [client] = mailbox.to(begun.sponsor.email)
    [team] = mailbox.to(begun.lead.person.email)
    assert client["Subject"] != team["Subject"]
    assert "$" not in str(team.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_a_mail_of_another_plan_says_what_a_month_comes_to_with_the_code(
    begun: Engagement, coordinator: Person, drain: Drain, mailbox: Mailbox
) -> None:
    assert begun.sponsor is not None
    terms = begun.terms
    terms.coupon_code, terms.discount_percent, terms.discount_months = "SPRING", 10, 3
    change = change_of(begun, "upgrade")
    change_mails.tell(change)
    session.commit()
    drain()
    [mail] = mailbox.to(begun.sponsor.email)
    text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "Each month: $7,000.00" in text and "While code SPRING is good: $6,500.00" in text
    [team] = mailbox.to(begun.lead.person.email)
    assert "SPRING" not in str(team.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_coming_resumption_is_told_to_both_sides(
    begun: Engagement, coordinator: Person, drain: Drain, mailbox: Mailbox
) -> None:
    today = begun.today
    pause = Pause(starts=today, ends=today + timedelta(days=7), reason="", state="running")
    begun.pauses.append(pause)
    session.commit()
    change_mails.remind_resume(pause)
    session.commit()
    drain()
    assert begun.sponsor is not None
    assert received(mailbox) == sorted([begun.sponsor.email, begun.lead.person.email])


def test_request_is_put_to_the_coordinators_and_its_refusal_to_who_asked(
    begun: Engagement, coordinator: Person, drain: Drain, mailbox: Mailbox
) -> None:
    assert begun.sponsor is not None
    wish = {"starts": begun.today.isoformat(), "ends": begun.today.isoformat()}
    request = ChangeRequest(kind="pause", asked_by=begun.sponsor, wish=wish, note="Holidays")
    begun.requests.append(request)
    session.commit()
    change_mails.tell_requested(request)
    request.answered("declined", coordinator, "Not then")
    change_mails.tell_declined(request)
    session.commit()
    drain()
    assert received(mailbox) == sorted([coordinator.email, begun.sponsor.email])
    [refusal] = mailbox.to(begun.sponsor.email)
    assert "Not then" in str(refusal.get_body(("plain",)).get_content())  # type: ignore[union-attr]
