"""What the firm reads of the money in the timeline, and the client does not."""

from __future__ import annotations

from tests import make
from tests.desk import rows
from tests.desk.conftest import View, member
from tests.desk.rows import DAY
from tests.firm.test_invoice_states import contested
from webapp import audit, clock
from webapp.access import Role
from webapp.billing.models import ArrearsDecision
from webapp.db import session


def test_each_try_and_what_was_decided_stand_in_the_firms_timeline(view: View) -> None:
    engagement = make.engagement("active")
    owed = rows.invoice(engagement, "open", attempts=2, issued_at=clock.now() - 9 * DAY)
    for attempts in (1, 2):
        audit.record("invoice.payment_failed", owed, attempts=attempts)
    ArrearsDecision.note(owed, "go_on", "They have called", "Marcus Oyelaran")
    session.commit()
    page = view(make.person(Role.COORDINATOR), engagement)
    for told in ("try 1 failed", "try 2 failed", "Decided: the work goes on",
                 "Marcus Oyelaran: They have called"):  # fmt: skip
        assert told in page
    theirs = view(member(engagement, Role.SPONSOR), engagement)
    assert "try 2 failed" not in theirs and "They have called" not in theirs
    assert f"Invoice {owed.number}: a payment failed" in theirs


def test_a_dispute_and_how_it_ended_stand_in_the_firms_timeline(view: View) -> None:
    engagement = make.engagement("active")
    paid = contested(rows.invoice(engagement), "lost")
    session.commit()
    page = view(make.person(Role.FINANCE), engagement)
    assert f"Invoice {paid.number}: the bank contests it" in page
    assert f"Invoice {paid.number}: the dispute is lost" in page
    assert "contests" not in view(member(engagement, Role.SPONSOR), engagement)
