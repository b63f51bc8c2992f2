"""The money on the engagement's page."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests import make
from tests.desk import rows
from tests.desk.conftest import (
    View,
    full,
    member,
    offers,
    someone,
)
from tests.desk.rows import DAY, lead
from webapp import clock
from webapp.access import Role
from webapp.billing.models import Invoice, InvoiceItem
from webapp.db import session
from webapp.money import Money


def test_invoices_with_their_documents_next_charge_and_card(view: View) -> None:
    engagement = full()
    invoice = rows.invoice(engagement, number="RH-7001")
    page = view(member(engagement, Role.BILLING), engagement)
    assert "RH-7001" in page and "$5,000.00" in page
    assert invoice.hosted_url in page and invoice.pdf_url in page
    assert "Visa ending 4242" in page and "Next charge" in page


def test_the_consultant_learns_that_it_is_paid_and_no_more(view: View) -> None:
    engagement = full()
    invoice = rows.invoice(engagement)
    page = view(lead(engagement), engagement)
    assert "Paid" in page and "The latest invoice was paid on" in page
    assert invoice.number not in page and "4242" not in page and "$5,000.00" not in page


@pytest.mark.parametrize("role", [Role.LEADER, Role.OBSERVER])
def test_the_clients_leaders_and_observers_read_what_was_agreed_and_no_amount(
    view: View, role: Role
) -> None:
    """Neither of what is paid, nor of what failed, waits, is planned or came back."""
    engagement = full()
    [invoice] = session.scalars(select(Invoice))
    rows.invoice(engagement, "open", attempts=2)
    InvoiceItem.add(engagement, "one_off", "one_off:1", "A workshop", Money.of(777, "USD"))
    page = view(member(engagement, role), engagement)
    assert engagement.terms.name in page and "30 days" in page
    assert "Payment failed" in page and "Your billing contact has been told" in page
    assert "A workshop" not in page and invoice.number not in page
    assert not re.search(r"[$£€]\s?\d|USD", page)


@pytest.mark.parametrize(
    ("role", "pays"),
    [(Role.SPONSOR, True), (Role.BILLING, True), (Role.LEADER, False), (Role.OBSERVER, False),
     (Role.OWNER, False), (Role.CONSULTANT, False)],
)  # fmt: skip
def test_a_failed_payment_is_told_with_a_way_to_pay(view: View, role: Role, pays: bool) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open", attempts=2)
    page = view(someone(engagement, role), engagement)
    assert "A payment failed" in page
    assert ("pay" in offers(page, engagement)) is pays


def test_the_firm_reads_what_the_bank_says_as_said_to_the_payer_and_no_grace_that_is_over(
    view: View,
) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open", attempts=3, failure="Your card has insufficient funds.",
                 issued_at=clock.now() - 13 * DAY)  # fmt: skip
    theirs, ours = "Your card has insufficient funds.", "Their bank says: “Your card has"
    page = view(make.person(Role.COORDINATOR), engagement)
    assert ours in page and "until a coordinator decides otherwise" in page
    page = view(member(engagement, Role.SPONSOR), engagement)
    assert theirs in page and ours not in page and "until we decide otherwise" in page


def test_an_invoice_just_issued_is_no_trouble(view: View) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open")
    assert "A payment failed" not in view(member(engagement, Role.SPONSOR), engagement)


def test_one_that_is_not_paid_yet_goes_on(view: View) -> None:
    engagement = make.engagement("signed", hold={"state": "held"})
    assert engagement.sponsor is not None
    page = view(engagement.sponsor, engagement)
    assert "Waiting for the first payment" in page and "continue" in offers(page, engagement)
    observer = member(engagement, Role.OBSERVER)
    assert "continue" not in offers(view(observer, engagement), engagement)


def test_the_firm_sees_an_enquiry_that_has_no_company_yet(view: View) -> None:
    engagement = make.engagement("signed", hold={"state": "held"})
    engagement.stage, engagement.company, engagement.sponsor = "enquiry", None, None
    engagement.draft = {"company_name": "Typed Only Ltd"}
    make.saved(engagement)
    assert "Typed Only Ltd" in view(make.person(Role.COORDINATOR), engagement)
