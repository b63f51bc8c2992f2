"""What an invoice is, in one word: the same in lists, on pages, and in what is exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.firm.test_money import invoice
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books.overview import overview
from webapp.billing.models import Dispute, Invoice, Payment, Refund
from webapp.billing.states import STATES, client_states_of, late_since, states_of
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import firm_zone

SignIn = Callable[[Person], FlaskClient]
A_DAY = timedelta(days=1)


def given_back(paid: Invoice, minor: int, state: str = "succeeded") -> Invoice:
    make.saved(Refund(invoice=paid, idempotency_key=f"{paid.number}:{minor}:{state}", state=state,
                      amount_minor=minor, currency=paid.currency, reason="cancelled"))  # fmt: skip
    return paid


def contested(paid: Invoice, status: str, days: int = 5) -> Invoice:
    """The bank took it all back; evidence is due in so many days."""
    now, over = clock.now(), status in {"won", "lost"}
    payment = Payment(invoice=paid, stripe_id=f"ch_{paid.number}", method="card", last4="0259",
                      amount_minor=paid.paid_minor, currency=paid.currency, paid_at=now,
                      payment_intent=f"pi_{paid.number}",
                      livemode=False, synced_at=now)  # fmt: skip
    made = Dispute(payment=payment, stripe_id=f"du_{paid.number}", status=status, reason="general",
                   amount_minor=paid.paid_minor, currency=paid.currency, opened_at=now,
                   evidence_due_at=now + timedelta(days=days), closed_at=now if over else None,
                   livemode=False, synced_at=now)  # fmt: skip
    make.saved(payment, made)
    return paid


def one_of_each(engagement: Engagement) -> Iterator[tuple[str, Invoice]]:
    """(its state, an invoice), with those that come near another."""
    today = engagement.local_date(clock.now())
    sent: dict[str, Any] = {"status": "open", "collection": "invoice"}
    yield "open", invoice(engagement, status="open")
    yield "open", invoice(engagement, **sent, due_on=today)
    yield "on_its_way", invoice(engagement, status="open", processing=True, attempts=1)
    yield "overdue", invoice(engagement, status="open", attempts=1)
    yield "overdue", invoice(engagement, **sent, due_on=today - A_DAY)
    yield "paid", invoice(engagement)
    yield "paid", invoice(engagement, total_minor=0)
    yield "paid", invoice(engagement, status="open", attempts=2, settled_note="Transfer 7")
    yield "paid", contested(invoice(engagement), "won")
    yield "paid", contested(invoice(engagement), "warning_needs_response")
    yield "paid", given_back(invoice(engagement), 500, "failed")
    yield "disputed", contested(invoice(engagement), "under_review")
    yield "lost", contested(invoice(engagement), "lost")
    yield "part_refunded", given_back(invoice(engagement), 500)
    yield "refunded", given_back(invoice(engagement), 500000)
    yield "void", invoice(engagement, status="void", attempts=1)
    yield "uncollectible", invoice(engagement, status="uncollectible", attempts=4)


def test_each_invoice_is_what_it_is_and_late_is_late_everywhere(app: object) -> None:
    engagement = make.engagement("active")
    made = list(one_of_each(engagement))
    found = states_of(row for _, row in made)
    assert [found[row.id].key for _, row in made] == [wanted for wanted, _ in made]
    assert {found[row.id].key for _, row in made} == set(STATES)
    assert {row.id for _, row in made if row.late} == {
        row.id for wanted, row in made if wanted == "overdue"
    }


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_days_late_are_counted_from_one_moment_on_pages_and_in_mails(
    app: object, zone: str
) -> None:
    engagement = make.engagement("active")
    engagement.time_zone = zone
    due = engagement.local_date(clock.now()) - A_DAY
    sent = invoice(engagement, status="open", collection="invoice", due_on=due)
    returned = invoice(engagement, status="open", attempts=1, failed_at=clock.now())
    session.commit()
    for row in (sent, returned):
        assert session.scalar(select(late_since()).filter_by(id=row.id)) == row.late_since


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_due_dates_pass_where_the_client_is(app: object, zone: str) -> None:
    engagement = make.engagement("active")
    engagement.time_zone = zone
    today = engagement.local_date(clock.now())
    sent: dict[str, Any] = {"status": "open", "collection": "invoice"}
    due = [invoice(engagement, **sent, due_on=today + timedelta(days=days)) for days in (-1, 0)]
    found = states_of(due)
    assert [found[row.id].key for row in due] == ["overdue", "open"]
    assert [row.late for row in due] == [True, False]


def test_one_word_in_list_filter_page_export_and_on_the_engagement(
    app: object, sign_in: SignIn
) -> None:
    engagement = make.engagement("active")
    made = dict(one_of_each(engagement))
    finance = sign_in(make.person(Role.FINANCE))
    exported = {row["number"]: row["state"] for row in table(finance, clock.now().date())}
    its_page = visible(finance.get(f"/engagements/{engagement.id}").text)
    for wanted, row in made.items():
        word = STATES[wanted].word
        listed = visible(finance.get(f"/practice/money/invoices?state={wanted}").text)
        assert f"{row.number} " in listed and exported[row.number] == word
        others = [one.number for other, one in made.items() if other != wanted]
        assert not [number for number in others if f"{number} " in listed]
        assert word in visible(finance.get(f"/practice/money/invoices/{row.id}").text)
        assert word in its_page


@pytest.mark.parametrize("wanted", sorted(set(STATES) - {"void"}))
def test_the_practice_list_says_it_in_the_same_word(
    app: object, sign_in: SignIn, wanted: str
) -> None:
    """Of the latest invoice; one that nobody owes says nothing of how an engagement stands."""
    engagement = make.engagement("active")
    earlier = invoice(engagement, issued_at=clock.now() - 40 * A_DAY)
    latest = next(row for state, row in one_of_each(make.engagement("active")) if state == wanted)
    latest.engagement = engagement
    invoice(engagement, status="void")
    session.commit()
    page = visible(sign_in(make.person(Role.FINANCE)).get("/practice").text)
    amount = (latest.due or latest.total).format()
    assert f"{amount} {STATES[wanted].word}" in page
    assert wanted == "paid" or f"{earlier.total.format()} Paid" not in page


def test_an_overdue_invoice_stands_before_a_later_one_that_is_paid(
    app: object, sign_in: SignIn
) -> None:
    engagement = make.engagement("active")
    invoice(engagement, status="open", attempts=1, total_minor=70000,
            issued_at=clock.now() - 40 * A_DAY)  # fmt: skip
    invoice(engagement)
    page = visible(sign_in(make.person(Role.FINANCE)).get("/practice").text)
    assert "$700.00 Overdue" in page and "$5,000.00" not in page


def table(finance: FlaskClient, month: date) -> list[dict[str, str]]:
    answer = finance.get(f"/practice/money/export?kind=invoices&first={month:%Y-%m}")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_money_page_tells_what_is_disputed_by_when_and_nets_what_was_lost(
    app: object, sign_in: SignIn
) -> None:
    engagement = make.engagement("active")
    for days in (9, 4):
        contested(invoice(engagement, total_minor=30000), "needs_response", days)
    contested(invoice(engagement, total_minor=20000), "lost")
    contested(invoice(engagement, total_minor=900), "warning_needs_response")
    given_back(invoice(engagement, total_minor=100000), 4000)
    session.commit()
    [line] = overview(firm_zone()).lines
    assert (line.disputed.count, line.disputed.amount) == (2, Money(60000, "USD"))
    assert (line.lost.count, line.lost.amount) == (1, Money(20000, "USD"))
    assert line.answer_by is not None and line.answer_by.date() == (clock.now() + 4 * A_DAY).date()
    assert (line.paid.amount.minor, line.kept.minor) == (180900, 180900 - 4000 - 20000)
    page = visible(sign_in(make.person(Role.FINANCE)).get("/practice/money").text)
    assert "$600.00 is disputed" in page and "Evidence has to be handed in by" in page
    assert "Lost in disputes this month" in page and "$1,569.00" in page
    page = visible(sign_in(make.person(Role.COORDINATOR)).get("/practice/money").text)
    assert "$600.00 is disputed" in page and "The disputed invoices" in page


def test_a_client_reads_nothing_of_disputes_and_no_words_of_book_keeping(app: object) -> None:
    engagement = make.engagement("active")
    made = {
        contested(invoice(engagement), "needs_response").id: "Paid",
        contested(invoice(engagement), "lost").id: "Paid back by your bank",
        invoice(engagement, status="void").id: "Cancelled",
        invoice(engagement, status="uncollectible").id: "Not paid",
        invoice(engagement).id: "Paid",
    }
    found = client_states_of(session.scalars(select(Invoice)))
    assert {key: state.word for key, state in found.items()} == made
