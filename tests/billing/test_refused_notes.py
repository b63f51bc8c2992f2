"""Credit notes that cannot be made as they were meant: made otherwise, or told and made again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows
from tests.billing.owed import balance, charges
from tests.billing.test_dunning import paid_on_hosted_page
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import credit_notes
from webapp.billing.models import CreditNote, Invoice
from webapp.billing.returning.giving import Giving, give
from webapp.billing.returning.left import CREDIT, REDUCE
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]


def refused_once(monkeypatch: pytest.MonkeyPatch, calls: Any, name: str) -> None:
    """Stripe refuses for a reason of its own, the first time that it is asked."""
    real = getattr(calls, name)

    def refuse(*_asked: object) -> None:
        monkeypatch.setattr(calls, name, real)
        raise gateway.Bug("not while the books are being closed")

    monkeypatch.setattr(calls, name, refuse)


def owing(payer: Client) -> Invoice:
    """The second month could not be charged."""
    payer.stripe.control("rules", retry_days=[3, 5], after_retries="past_due")
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    pass_time(payer, payer.renewal() + timedelta(days=4))
    return [one for one in invoices() if one.status == "open"][-1]


def pause_today(payer: Client) -> None:
    engagement = payer.engagement
    engagement.plan_pause(engagement.today, engagement.today + timedelta(days=10), firm(), "Unpaid")
    session.commit()


def test_pause_of_a_month_that_was_paid_in_that_moment_is_credit_and_not_charged_again(
    payer: Client,
) -> None:
    owed = owing(payer)
    pause_today(payer)
    paid_on_hosted_page(payer, owed)  # Stripe has the money; nobody has told us
    payer.drain()
    payer.hear()
    [note] = rows(CreditNote)
    assert (note.means, note.state) == ("credit", "issued")
    assert balance() == note.amount_minor > 0
    pass_time(payer, clock.now() + timedelta(days=12))
    resumed = invoices()[-1]
    assert (resumed.status, resumed.due_minor) == ("paid", 0)
    taken = sum(one["amount"] for one in charges(payer))
    assert taken + balance() == 1100000 + note.amount_minor - resumed.balance_applied_minor
    assert rows(FollowUp) == [] and failed_jobs() == []


def test_paid_between_our_look_and_the_note_it_is_looked_at_again(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    owed = owing(payer)
    pause_today(payer)
    real, paid = mirroring.sync_invoice, list[str]()

    def pay_after(engagement: object, invoice: str) -> None:
        real(engagement, invoice)  # type: ignore[arg-type]
        if invoice == owed.stripe_id and not paid and rows_of_notes():
            paid.append(invoice)
            paid_on_hosted_page(payer, owed)

    monkeypatch.setattr(mirroring, "sync_invoice", pay_after)
    payer.drain()
    payer.hear()
    pass_time(payer, clock.now() + timedelta(minutes=10), by=timedelta(minutes=2))
    assert paid
    [note] = rows(CreditNote)
    assert (note.means, note.state) == ("credit", "issued") and balance() == note.amount_minor


def rows_of_notes() -> list[CreditNote]:
    return list(session.query(CreditNote))


def test_reduction_of_an_invoice_paid_meanwhile_is_refused_and_told(
    payer: Client, sign_in: SignIn
) -> None:
    owed, finance = owing(payer), firm(Role.FINANCE)
    give(owed.id, Giving(Money(200000, "USD"), REDUCE, "", "Goodwill", finance.email))
    session.commit()
    paid_on_hosted_page(payer, owed)
    payer.drain()
    payer.hear()
    [note] = rows(CreditNote)
    assert (note.state, balance()) == ("failed", 0)
    [asked] = rows(FollowUp)
    assert "$2,000.00" in asked.text and "was paid meanwhile" in asked.text
    [mail] = payer.mails("A credit note of $2,000.00 could not be made")
    assert mail.startswith(finance.name) and "was paid meanwhile" in mail
    home = visible(sign_in(firm(Role.OWNER)).get("/practice").text)
    assert "could not be made" in home


def test_refused_note_is_made_again_from_the_page_of_the_invoice_once(
    payer: Client, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.start()
    finance = firm(Role.FINANCE)
    refused_once(monkeypatch, credit_notes, "make")
    give(invoices()[0].id, Giving(Money(50000, "USD"), CREDIT, "", "Sorry", finance.email))
    session.commit()
    payer.hear()
    [note] = rows(CreditNote)
    assert note.state == "failed"
    browser, page = sign_in(finance), f"/practice/invoices/{note.invoice_id}"
    assert "Make it again" in visible(browser.get(f"{page}/give-back").text)
    again = f"{page}/credit-notes/{note.id}/again"
    assert [browser.post(again).status_code for _ in range(2)] == [303, 303]
    payer.hear()
    [note] = rows(CreditNote)
    assert (note.state, balance()) == ("issued", 50000)
    [asked] = rows(FollowUp)
    assert asked.done_at is not None
    assert len(payer.stripe.objects("credit_note")) == 1


def test_refused_note_is_not_made_again_of_what_went_back_otherwise(
    payer: Client, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.start()
    finance = firm(Role.FINANCE)
    refused_once(monkeypatch, credit_notes, "make")
    give(invoices()[0].id, Giving(Money(50000, "USD"), CREDIT, "", "Sorry", finance.email))
    session.commit()
    payer.hear()
    give(invoices()[0].id, Giving(Money(600000, "USD"), "refund", "", "All", finance.email))
    session.commit()
    payer.hear()
    [note] = [one for one in rows(CreditNote) if one.state == "failed"]
    again = f"/practice/invoices/{note.invoice_id}/credit-notes/{note.id}/again"
    answer = sign_in(finance).post(again)
    assert answer.status_code == 409
    assert "At most $0.00 is left of the invoice." in visible(answer.text)
    assert sum(row.amount_minor for row in refunds()) + balance() == 600000


def test_only_who_answers_for_money_makes_a_note_again(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    give(invoices()[0].id, Giving(Money(50000, "USD"), CREDIT, "", "Sorry", "fay@firm"))
    session.commit()
    payer.hear()
    [note] = rows(CreditNote)
    again = f"/practice/invoices/{note.invoice_id}/credit-notes/{note.id}/again"
    assert sign_in(firm(Role.COORDINATOR)).post(again).status_code == 403
    foreign = f"/practice/invoices/{note.invoice_id}/credit-notes/{note.invoice_id}/again"
    assert sign_in(firm(Role.FINANCE)).post(foreign).status_code == 404
