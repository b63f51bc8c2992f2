"""The client's room for money: due, to come, paid, and how; for those who pay and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, invoices, rows
from tests.billing.owed import overage
from tests.counting import counting
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Company, Person
from webapp.billing.models import Invoice, Subscription, Upcoming
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import format_day

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def sponsor(payer: Client, sign_in: SignIn) -> FlaskClient:
    return sign_in(session.get_one(Person, payer.start().sponsor_id))


def test_page_tells_what_is_paid_what_comes_and_how_it_is_paid(
    payer: Client, sponsor: FlaskClient
) -> None:
    overage(payer, 210)
    [upcoming] = rows(Upcoming)
    assert upcoming.due_minor == 570000
    calls = len(payer.stripe.control("calls"))
    page = visible(sponsor.get("/billing").text)
    assert len(payer.stripe.control("calls")) == calls  # our mirror answers, never Stripe
    [first] = invoices()
    assert "Nothing is due now." in page and first.number in page
    assert "$5,700.00 is charged on" in page and "3.5 h × $200.00" in page
    assert format_day(upcoming.on, payer.engagement.time_zone) in page
    assert "Visa ending 4242" in page and "PO-77" in page


def test_the_deposit_that_is_held_is_said_and_none_once_it_is_gone(
    payer: Client, sponsor: FlaskClient
) -> None:
    """What goes back beyond what the work can give is of the deposit."""
    assert "We hold your deposit of US$1,000.00" in visible(sponsor.get("/billing").text)
    payment = payer.stripe.objects("charge")[-1]["payment_intent"]
    for amount, left in ((560000, "We hold your deposit of US$400.00"), (40000, "")):
        payer.stripe.api("POST", "refunds", payment_intent=payment, amount=amount)
        payer.hear()
        page = visible(sponsor.get("/billing").text)
        assert left in page and (left or "We hold" not in page)


def test_invoice_page_shows_its_lines_and_its_pdf_after_a_check(
    payer: Client, sponsor: FlaskClient, sign_in: SignIn
) -> None:
    [first] = invoices()
    page = visible(sponsor.get(f"/billing/invoices/{first.id}").text)
    assert "First month" in page and "Deposit" in page and "$6,000.00 was paid" in page
    answer = sponsor.get(f"/billing/invoices/{first.id}/pdf")
    assert (answer.status_code, answer.headers["Location"]) == (303, first.pdf_url)
    assert payer.stripe.web.get(first.pdf_url).content.startswith(b"%PDF")
    stranger = make.person(Role.SPONSOR, company=make.company())
    session.commit()
    for path in ("", "/pdf"):
        assert sign_in(stranger).get(f"/billing/invoices/{first.id}{path}").status_code == 404


def test_tax_discount_and_reverse_charge_stand_on_the_invoice(
    payer: Client, sponsor: FlaskClient
) -> None:
    [first] = invoices()
    first.tax_minor, first.discount_minor, first.reverse_charge = 42000, 50000, True
    session.commit()
    page = visible(sponsor.get(f"/billing/invoices/{first.id}").text)
    assert "Tax US$420.00" in page and "Discount -US$500.00" in page and "Reverse charge" in page


def test_bank_debit_on_its_way_is_not_failing(payer: Client, sponsor: FlaskClient) -> None:
    [first] = invoices()
    first.status, first.processing, first.attempts = "open", True, 1
    session.commit()
    assert not first.late and not first.failing
    page = visible(sponsor.get("/billing").text)
    assert "The bank debit is under way" in page and "failed" not in page


def test_sent_invoice_is_due_and_then_overdue(
    payer: Client, sponsor: FlaskClient, set_clock: Callable[..., None]
) -> None:
    [first] = invoices()
    due = payer.engagement.local_date(clock.now()) + timedelta(days=14)
    [first] = invoices()
    first.status, first.collection, first.due_on = "open", "invoice", due
    session.commit()
    page = visible(sponsor.get("/billing").text)
    assert f"Due on {format_day(due)}" in page and "Pay US$" in page
    set_clock(clock.now() + timedelta(days=16))
    assert "Overdue" in visible(sponsor.get("/billing").text)


def test_others_are_refused(payer: Client, sign_in: SignIn) -> None:
    engagement = payer.start()
    company, lead = engagement.company, engagement.lead.person
    others = [make.person(role, company=company) for role in (Role.OBSERVER, Role.LEADER)]
    others += [lead, make.person(Role.FINANCE)]
    company_id = company.id if company else None
    session.commit()
    for person in others:
        assert sign_in(person).get("/billing").status_code == 403
        assert sign_in(person).get(f"/billing/{company_id}/details").status_code == 403
    stranger = make.person(Role.BILLING, company=make.company())
    session.commit()
    assert sign_in(stranger).get(f"/billing/{company_id}/details").status_code == 404
    for form in ("details", "contact"):
        assert sign_in(stranger).post(f"/billing/{company_id}/{form}").status_code == 404


def test_nothing_yet_is_said_kindly(app: object, sign_in: SignIn) -> None:
    newcomer = make.person(Role.SPONSOR, company=make.company())
    session.commit()
    assert "Nothing yet" in visible(sign_in(newcomer).get("/billing").text)


def test_details_change_here_and_at_stripe(payer: Client, sponsor: FlaskClient) -> None:
    company_id = payer.engagement.company_id
    url = f"/billing/{company_id}/details"
    assert "PO-77" in sponsor.get(url).text
    bad = sponsor.post(url, data={"name": "", "address": "x", "purchase_order": "P"})
    assert bad.status_code == 422 and "Enter the company" in visible(bad.text)
    typed = {"name": "Harbour Group", "address": "2 Quay\nBoston", "purchase_order": "PO-88"}
    assert sponsor.post(url, data=typed).status_code == 303
    payer.drain()
    company = session.get_one(Company, company_id)
    assert (company.name, company.purchase_order) == ("Harbour Group", "PO-88")
    [theirs] = payer.stripe.objects("customer", name="Harbour Group")
    assert theirs["address"]["line1"] == "2 Quay"
    assert theirs["invoice_settings"]["custom_fields"][0]["value"] == "PO-88"


def test_another_person_becomes_billing_contact(payer: Client, sponsor: FlaskClient) -> None:
    company_id = payer.engagement.company_id
    url = f"/billing/{company_id}/contact"
    outsider = make.person(Role.SPONSOR, company=make.company())
    address = outsider.email
    session.commit()
    taken = sponsor.post(url, data={"contact_name": "Eve", "contact_email": address})
    assert taken.status_code == 422 and "has an account already" in visible(taken.text)
    typed = {"contact_name": "Bea Books", "contact_email": "bea@harbour.example.com"}
    assert sponsor.post(url, data=typed).status_code == 303
    payer.drain()
    session.rollback()
    company = session.get_one(Company, company_id)
    assert company.billing_contact and company.billing_contact.name == "Bea Books"
    assert company.sponsor and company.sponsor.name == "Ana Reyes"
    [theirs] = payer.stripe.objects("customer", email="bea@harbour.example.com")
    assert theirs["metadata"]["company"] == str(company_id)


def test_one_engagement_or_three_take_the_same_queries(payer: Client, sponsor: FlaskClient) -> None:
    sponsor.get("/billing")
    with counting() as one:
        assert sponsor.get("/billing").status_code == 200
    company = session.get_one(Engagement, payer.engagement.id).company
    for number in range(2):
        _another(company, number)
    session.commit()
    with counting() as three:
        page = visible(sponsor.get("/billing").text)
    assert page.count("Next invoice:") == 3
    assert len(three) == len(one)


def _another(company: Company | None, number: int) -> None:
    assert company
    made = make.engagement(stage="active", company=company, sponsor=company.sponsor)
    now = clock.now()
    common = {"livemode": False, "synced_at": now, "currency": "USD"}
    mirror = Subscription(
        engagement_id=made.id, stripe_id=f"sub_{number}", status="active", price_minor=100,
        renews_at=now + timedelta(days=9), **common,
    )  # fmt: skip
    invoice = Invoice(
        engagement_id=made.id, stripe_id=f"in_{number}", number=f"N-{number}", status="paid",
        total_minor=100, paid_minor=100, due_minor=0, lines=[], issued_at=now, **common,
    )  # fmt: skip
    session.add_all([mirror, invoice])
