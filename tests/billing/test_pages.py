"""What the pages of paying say, to whom, and where they lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, rows
from tests.billing.test_one_checkout import down
from tests.counting import counting
from tests.engagements.conftest import started
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.buying.next_steps import next_steps
from webapp.billing.buying.order import Order
from webapp.billing.models import Customer
from webapp.billing.queries import money_of
from webapp.booking.models import CalendarRules
from webapp.db import session
from webapp.money import Money
from webapp.web import format_day, format_when

SignIn = Callable[[Person], FlaskClient]


def test_order_summary_says_what_is_paid_today_and_later_and_how_to_get_out(payer: Client) -> None:
    page = visible(payer.browser.get(payer.url("pay")).text)
    engagement = payer.engagement
    assert "Pay $6,000.00" in page and "Deposit $1,000.00" in page
    assert format_when(engagement.hold.starts_at, engagement.time_zone) in page
    assert "$5,000.00 is charged each month" in page and "to the same card or account" in page
    assert "3 months at least, then 30 days’ notice" in page
    assert format_when(engagement.refund_policy.deadline, engagement.time_zone) in page


def test_diagnostic_summary_says_that_nothing_renews(diagnostic: Client) -> None:
    page = visible(diagnostic.browser.get(diagnostic.url("pay")).text)
    assert "Pay $7,500.00" in page and "once. Nothing renews." in page
    assert "each month" not in page


def test_thanks_names_the_kickoff_what_follows_and_the_receipt(payer: Client) -> None:
    payer.start()
    html = payer.come_back()
    page, engagement = visible(html), payer.engagement
    assert engagement.kickoff
    assert format_when(engagement.kickoff.starts_at, engagement.time_zone) in page
    assert f'href="{escape(engagement.lead.meeting_place)}"' in html
    assert "you cannot move it by yourself" not in page
    assert "Your second month" in page and "$5,000.00 is charged" in page
    hosted = payer.stripe.objects("invoice")[0]["hosted_invoice_url"]
    assert f'href="{escape(hosted)}"' in html


def test_thanks_for_a_kickoff_too_near_to_move_says_who_can(payer: Client) -> None:
    lead = payer.engagement.lead
    session.get_one(CalendarRules, lead.id).change_notice = 400 * 24 * 60
    session.commit()
    payer.start()
    html = payer.come_back()
    assert "you cannot move it by yourself" in visible(html)
    assert f'href="mailto:{lead.person.email}"' in html


@pytest.mark.parametrize("step", ["pay", "left"])
def test_what_is_paid_cannot_be_paid_again(payer: Client, step: str) -> None:
    payer.start()
    answer = payer.browser.get(payer.url(step))
    assert (answer.status_code, answer.headers["Location"]) == (303, payer.url("done"))
    again = payer.browser.post(payer.url("pay"))
    assert again.headers["Location"] == payer.url("done")


def test_nothing_can_be_paid_before_the_agreement_is_accepted(payer: Client) -> None:
    fresh = started()
    assert (
        fresh.type_details(payer.browser, contact_email="else@where.example.com").status_code == 303
    )
    for answer in (payer.browser.get(fresh.url("pay")), payer.browser.post(fresh.url("pay"))):
        assert (answer.status_code, answer.headers["Location"]) == (303, fresh.url("agreement"))


def test_engagement_given_up_unpaid_says_so(payer: Client) -> None:
    payer.engagement.lose("unpaid after 7 days")
    session.commit()
    answer = payer.browser.get(payer.url("done"))
    assert answer.status_code == 410 and "lapsed" in visible(answer.text)


def test_hostile_company_name_is_escaped_on_the_page_and_in_the_mail(payer: Client) -> None:
    engagement = payer.engagement
    assert engagement.company and engagement.sponsor
    engagement.sponsor.name = "<script>alert(1)</script> Eve"
    session.commit()
    payer.start()
    assert "<script>alert" not in payer.come_back()
    html = payer.mailbox.messages[-1].get_body(("html",)).get_content()
    assert "<script>alert" not in html


# -- the portal ------------------------------------------------------------------------------------


def portal(browser: FlaskClient, payer: Client) -> int:
    data = {"engagement": str(payer.engagement.id)}
    return browser.post("/billing/portal", data=data).status_code


def test_sponsor_goes_to_stripes_portal_and_it_is_audited(payer: Client, sign_in: SignIn) -> None:
    sponsor = payer.start().sponsor
    assert sponsor
    browser = sign_in(sponsor)
    answer = browser.post("/billing/portal", data={"engagement": str(payer.engagement.id)})
    assert answer.status_code == 303
    page = payer.stripe.web.get(answer.headers["Location"]).text
    assert "4242" in page
    assert "portal.opened" in [event.action for event in rows(AuditEvent)]


def test_portal_is_closed_to_everybody_else(payer: Client, sign_in: SignIn) -> None:
    engagement = payer.start()
    other = make.company(name="Other Ltd")
    observer = make.person(Role.OBSERVER, company=engagement.company)
    stranger = make.person(Role.SPONSOR, company=other)
    both = make.person(Role.SPONSOR, company=other)
    both.join(Role.OBSERVER, engagement.company)
    session.commit()
    assert portal(sign_in(observer), payer) == 403
    assert portal(sign_in(engagement.lead.person), payer) == 403
    assert portal(sign_in(stranger), payer) == 404
    assert portal(sign_in(both), payer) == 404
    assert portal(payer.app.test_client(), payer) == 401
    wrong = sign_in(stranger).post("/billing/portal", data={"engagement": "nonsense"})
    assert wrong.status_code == 404


def test_portal_with_stripe_down_is_told_calmly(payer: Client, sign_in: SignIn) -> None:
    sponsor = payer.start().sponsor
    assert sponsor
    browser = sign_in(sponsor)
    down(payer.app, "http://127.0.0.1:9")
    answer = browser.post("/billing/portal", data={"engagement": str(payer.engagement.id)})
    assert answer.status_code == 503 and "not reachable" in visible(answer.text)


def test_card_changed_in_the_portal_is_mirrored(payer: Client) -> None:
    payer.start()
    [customer] = rows(Customer)
    new = payer.stripe.api(
        "POST", "payment_methods/pm_card_mastercard/attach", customer=customer.stripe_id
    )
    [theirs] = payer.stripe.of("subscription", payer.engagement.id)
    payer.stripe.api("POST", f"subscriptions/{theirs['id']}", default_payment_method=new["id"])
    payer.hear()
    [customer] = rows(Customer)
    assert (customer.card_brand, customer.card_last4) == ("mastercard", "4444")


# -- reads -----------------------------------------------------------------------------------------


def test_money_of_one_or_many_engagements_takes_the_same_two_queries(payer: Client) -> None:
    ours = payer.start().id
    others = [make.engagement().id for _ in range(3)]
    session.commit()
    with counting() as one:
        line = money_of([ours])[ours]
    with counting() as many:
        money_of([ours, *others])
    assert line.paid == Money(600000, "USD") and line.paid_at
    assert (line.overdue, line.next_at is not None) == (None, True)
    assert len(one) == len(many) == 2


def test_a_kickoff_too_near_for_a_full_refund_is_sold_with_what_comes_back(payer: Client) -> None:
    payer.engagement.terms.full_refund_days = 400
    session.commit()
    page = visible(payer.browser.get(payer.url("pay")).text)
    assert "Cancel before the kick-off and 50% comes back." in page
    assert "everything comes back" not in page


def test_order_number_stands_on_the_order_the_receipt_and_the_invoices(
    payer: Client, sign_in: SignIn
) -> None:
    assert "PO-77" in visible(payer.browser.get(payer.url("pay")).text)
    engagement = payer.start()
    assert engagement.sponsor
    [receipt] = payer.mails("Receipt")
    assert "Your order number: PO-77" in receipt
    page = sign_in(engagement.sponsor).get(f"/engagements/{engagement.id}")
    assert "Your order number on them: PO-77" in visible(page.text)


def test_what_to_have_ready_is_never_told_for_a_day_that_is_past(
    payer: Client, set_clock: Callable[[datetime], None]
) -> None:
    engagement = payer.start()
    starts = engagement.hold.starts_at
    ready = next_steps(engagement, Order.of(engagement))[1]
    assert ready.when == format_day(starts - timedelta(days=2), engagement.time_zone)
    set_clock(starts - timedelta(days=1))
    ready = next_steps(engagement, Order.of(engagement))[1]
    assert (ready.when, ready.title) == ("Now", "What to have ready")
