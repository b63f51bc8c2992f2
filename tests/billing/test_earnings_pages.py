"""Pages about payouts: the consultant's own, and the firm's."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import rows
from tests.counting import counting
from tests.standin import StandIn, path_of, visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.models import ConnectedAccount, Invoice, Payment, Transfer, TransferReversal
from webapp.billing.paying_out import planning, statement_mails
from webapp.billing.paying_out.statements import WORKED_OUT
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.notifications.models import EmailMessage

SignIn = Callable[[Person], FlaskClient]
NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=UTC)


def invoice_of(engagement: Engagement, minor: int = 500000, **values: object) -> Invoice:
    """Paid, and its payment booked."""
    name, at = uuid.uuid4().hex, values.pop("at", None) or clock.now()
    fee = values.pop("fee_minor", 0)
    defaults = {"tax_minor": 0, "out_of_band": False, "number": f"RH-{name[:4]}", "lines": []}
    invoice: Invoice = make.saved(
        Invoice(engagement=engagement, stripe_id=f"in_{name}", status="paid", currency="USD",
                total_minor=minor, paid_minor=minor, due_minor=0, issued_at=at,
                paid_at=at, livemode=False, synced_at=at, **(defaults | values))
    )  # fmt: skip
    if not invoice.out_of_band:
        make.saved(
            Payment(invoice=invoice, stripe_id=f"ch_{name}", payment_intent="pi", method="card",
                    amount_minor=minor, currency="USD", fee_minor=fee, net_minor=minor,
                    settled_currency="USD", paid_at=at, livemode=False, synced_at=at)
        )  # fmt: skip
    planning.share_out(invoice.id)
    session.flush()
    return invoice


def engaged(consultant: Consultant, percent: int = 40, **values: object) -> Engagement:
    made = make.engagement("active", consultant=consultant, **values)
    made.assignments[0].share_percent = percent
    session.flush()
    return made


@pytest.fixture
def consultant(app: Flask) -> Consultant:
    return make.consultant(time_zone="America/New_York")


@pytest.fixture
def owner(app: Flask) -> Person:
    return make.person(Role.OWNER)


# -- the consultant's ------------------------------------------------------------------------------


def test_nothing_earned_yet_is_said(consultant: Consultant, sign_in: SignIn) -> None:
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert "Nothing earned yet" in page and "Set up the account you are paid into" in page


def test_a_consultant_sees_what_waits_and_why_and_only_their_own(
    consultant: Consultant, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice_of(engagement)
    other = make.consultant()
    hidden = engaged(other)
    invoice_of(hidden)
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert engagement.company and engagement.company.name in page
    assert "$2,000.00" in page and "until the account can receive money" in page
    assert hidden.company and hidden.company.name not in page
    theirs = visible(sign_in(other.person).get("/earnings").text)
    assert engagement.company.name not in theirs


def test_earnings_ask_the_database_as_often_for_thirty_shares_as_for_one(
    consultant: Consultant, sign_in: SignIn
) -> None:
    browser = sign_in(consultant.person)
    engagement = engaged(consultant)
    invoice_of(engagement)
    browser.get("/earnings")
    with counting() as few:
        browser.get("/earnings")
    for _ in range(29):
        invoice_of(engagement)
    with counting() as many:
        assert browser.get("/earnings").status_code == 200
    assert len(many) == len(few) <= 16


def test_practice_payouts_ask_as_often_for_ten_consultants_as_for_one(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    browser = sign_in(owner)
    invoice_of(engaged(consultant))
    browser.get("/practice/payouts")
    with counting() as few:
        browser.get("/practice/payouts")
    for _ in range(9):
        invoice_of(engaged(make.consultant()))
    with counting() as many:
        assert browser.get("/practice/payouts").status_code == 200
    assert len(many) == len(few) <= 12


def november(consultant: Consultant, set_clock: Callable[[datetime], None]) -> Engagement:
    """Earned, sent and half taken back in November; earned again in December."""
    engagement = engaged(consultant)
    set_clock(NOVEMBER)
    [row] = Transfer.of(invoice_of(engagement).id)
    row.state, row.amount_minor, row.sent_at, row.stripe_id = "sent", 200000, clock.now(), "tr_1"
    set_clock(NOVEMBER + timedelta(days=5))
    made = TransferReversal(transfer=row, minor=50000, cause="refund:x", state="made", attempt=0,
                            settled_minor=0, created_at=clock.now(), made_at=clock.now(),
                            stripe_id="trr_1")  # fmt: skip
    make.saved(made)
    set_clock(datetime(2026, 12, 1, 4, 30, tzinfo=UTC))  # 30 November, 23:30 in New York
    invoice_of(engagement, 100000)
    set_clock(datetime(2026, 12, 1, 14, tzinfo=UTC))
    invoice_of(engagement, 200000)
    return engagement


def test_a_statement_adds_up_by_the_consultants_own_calendar(
    consultant: Consultant, sign_in: SignIn, set_clock: Callable[[datetime], None]
) -> None:
    november(consultant, set_clock)
    browser = sign_in(consultant.person)
    page = visible(browser.get("/earnings/months/2026-11").text)
    assert "Earnings in November 2026" in page and "Called back from your account" in page
    assert "Owed to you at the end – $400.00" in page  # the share of 30 November, not yet sent
    lines = list(csv.reader(io.StringIO(browser.get("/earnings/months/2026-11.csv").text)))
    amounts = [(line[1], line[-2]) for line in lines[1:]]
    assert amounts == [
        ("opening balance", "0.00"), ("earned", "2000.00"), ("sent", "-2000.00"),
        ("taken_back", "-500.00"), ("returned", "500.00"), ("earned", "400.00"),
        ("closing balance", "400.00"),
    ]  # fmt: skip
    december = visible(browser.get("/earnings/months/2026-12").text)
    assert "Owed to you before – $400.00" in december and "$1,200.00" in december
    pdf = browser.get("/earnings/months/2026-11.pdf")
    assert pdf.data.startswith(b"%PDF-") and pdf.content_type == "application/pdf"
    assert 'filename="earnings-2026-11.pdf"' in pdf.headers["Content-Disposition"]
    listed = browser.get("/earnings").text
    assert "/earnings/months/2026-12" in listed and "/earnings/months/2026-11" in listed


def test_each_share_says_what_it_was_worked_out_from(
    consultant: Consultant, sign_in: SignIn
) -> None:
    """Page, list and CSV: what was paid, what of it is not shared, the percentage, the result."""
    lines = [{"text": "Month", "minor": 500000, "kind": "retainer"},
             {"text": "Deposit", "minor": 150000, "kind": "deposit"}]  # fmt: skip
    invoice_of(engaged(consultant), 750000, lines=lines, tax_minor=100000)
    browser, month = sign_in(consultant.person), f"{clock.now():%Y-%m}"
    sums = "40% of $5,000.00 $7,500.00 paid, less $1,000.00 tax, less $1,500.00 deposit"
    assert sums in visible(browser.get("/earnings").text)
    page = visible(browser.get(f"/earnings/months/{month}").text)
    assert f"Your share: {sums}" in page and "$2,000.00" in page
    [row] = list(csv.DictReader(io.StringIO(browser.get(f"/earnings/months/{month}.csv").text)))[
        1:-1
    ]
    assert {name: row[name] for name in (*WORKED_OUT, "amount")} == {
        "paid": "7500.00", "tax": "1000.00", "deposit": "1500.00", "given_back": "0.00",
        "base": "5000.00", "share_percent": "40", "cut_by_stripes_fee": "0.00",
        "amount": "2000.00",
    }  # fmt: skip
    assert browser.get(f"/earnings/months/{month}.pdf").data.startswith(b"%PDF-")


def test_a_share_that_stripes_fee_cut_says_by_how_much(
    consultant: Consultant, sign_in: SignIn
) -> None:
    """All of it is theirs, and Stripe kept a part."""
    invoice_of(engaged(consultant, percent=100), 500000, fee_minor=14530)
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert "100% of $5,000.00 less $145.30, since Stripe’s fee left no more" in page
    assert "$4,854.70" in page


@pytest.mark.parametrize(
    "month", ["2099-01", "2026-13", "november", "2026-1", "2026-11-01", "9999999", "2026-11.exe"]
)
def test_no_such_month(consultant: Consultant, sign_in: SignIn, month: str) -> None:
    assert sign_in(consultant.person).get(f"/earnings/months/{month}").status_code == 404


def test_an_empty_month_says_so(consultant: Consultant, sign_in: SignIn) -> None:
    page = visible(sign_in(consultant.person).get("/earnings/months/2020-01").text)
    assert "Nothing moved in January 2020" in page


def test_a_client_named_like_a_formula_is_text_in_the_spreadsheet(
    consultant: Consultant, sign_in: SignIn
) -> None:
    invoice_of(engaged(consultant, company=make.company(name="=HYPERLINK(1)")))
    month = f"{clock.now():%Y-%m}"
    text = sign_in(consultant.person).get(f"/earnings/months/{month}.csv").text
    assert "'=HYPERLINK(1)" in text


def test_statement_is_mailed_once_on_the_first_in_the_morning_of_the_consultants_zone(
    consultant: Consultant, set_clock: Callable[[datetime], None], drain: Callable[[], int]
) -> None:
    november(consultant, set_clock)
    for hour in (8, 12, 14, 20):  # New York is five hours behind
        set_clock(datetime(2026, 12, 1, hour, tzinfo=UTC))
        statement_mails.plan()
        session.commit()
        drain()
        sent = [mail for mail in rows(EmailMessage) if mail.kind == "payout_statement"]
        assert len(sent) == (1 if hour >= 14 else 0)
    [mail] = sent
    assert "Your earnings in November 2026" in mail.subject and mail.recipient == (
        consultant.person.email
    )  # fmt: skip
    assert "Owed to you at the end: $400.00" in mail.text


# -- setting up ------------------------------------------------------------------------------------


def test_account_is_set_up_at_stripe_and_the_page_says_what_is_missing(
    consultant: Consultant, sign_in: SignIn, stripe: StandIn
) -> None:
    browser = sign_in(consultant.person)
    first = browser.post(f"/earnings/{consultant.id}/account")
    assert first.status_code == 303 and first.headers["Location"].startswith(stripe.base)
    [account] = rows(ConnectedAccount)
    page = visible(browser.get("/earnings/account/back", follow_redirects=True).text)
    assert "The bank account to pay into" in page and "Your date of birth" in page
    assert "Go on at Stripe" in page
    browser.post(f"/earnings/{consultant.id}/account")
    assert len(stripe.objects("account", id=account.stripe_id)) == 1
    made = [call for call in stripe.calls("/v1/accounts") if call["method"] == "POST"]
    assert len([call for call in made if call["path"] == "/v1/accounts"]) >= 1
    stripe.control(f"accounts/{account.stripe_id}", do="finish")
    done = visible(browser.get("/earnings/account/back", follow_redirects=True).text)
    assert "Your account is ready" in done and "Account ready" in done


def test_nobody_sets_up_the_account_of_another(consultant: Consultant, sign_in: SignIn) -> None:
    other = make.consultant()
    assert sign_in(consultant.person).post(f"/earnings/{other.id}/account").status_code == 404
    assert rows(ConnectedAccount) == []


def test_an_old_link_of_stripes_leads_back_to_the_button(
    consultant: Consultant, sign_in: SignIn
) -> None:
    answer = sign_in(consultant.person).get("/earnings/account/again", follow_redirects=True)
    assert "was used or is too old" in visible(answer.text)


@pytest.mark.parametrize("kind", ["500", "lost_response", "timeout"])
def test_with_stripe_down_nothing_is_lost_and_there_is_one_account(
    consultant: Consultant, sign_in: SignIn, stripe: StandIn, kind: str
) -> None:
    browser = sign_in(consultant.person)
    stripe.fault("POST /v1/accounts", kind, times=9)
    assert browser.post(f"/earnings/{consultant.id}/account").status_code in {303, 503}
    stripe.web.delete(f"{stripe.base}/_sandbox/faults")
    assert browser.post(f"/earnings/{consultant.id}/account").status_code == 303
    ours = [one for one in stripe.objects("account")
            if one["metadata"].get("consultant") == str(consultant.id)]  # fmt: skip
    assert len(ours) == 1


# -- the firm's ------------------------------------------------------------------------------------


def test_firm_sees_every_consultant_and_what_waits_and_looking_is_written_down(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice_of(engagement)
    browser = sign_in(owner)
    page = visible(browser.get("/practice/payouts").text)
    assert consultant.name in page and "not set up" in page and "$2,000.00" in page
    one = visible(browser.get(f"/practice/payouts/{consultant.id}").text)
    assert "40%" in one and engagement.company and engagement.company.name in one
    month = f"{clock.now():%Y-%m}"
    url = f"/practice/payouts/{consultant.id}/months/{month}"
    assert "Owed to them" in visible(browser.get(url).text)
    assert browser.get(f"{url}.csv").status_code == 200
    actions = {row.action for row in rows(AuditEvent)}
    assert {"earnings.looked_at", "statement.looked_at", "statement.downloaded"} <= actions


def test_no_consultants_yet(owner: Person, sign_in: SignIn) -> None:
    page = visible(sign_in(owner).get("/practice/payouts").text)
    assert "Nobody to pay yet" in page and "Everything that was earned is sent." in page


def test_unknown_consultant_is_not_found(owner: Person, sign_in: SignIn) -> None:
    browser = sign_in(owner)
    for url in ("", "/usual-share", "/months/2026-01", "/months/2026-01.csv"):
        assert browser.get(f"/practice/payouts/{uuid.uuid4()}{url}").status_code == 404


@pytest.mark.parametrize("role", [Role.CONSULTANT, Role.FINANCE])
def test_shares_are_set_by_coordinators_and_owners_alone(
    consultant: Consultant, sign_in: SignIn, role: Role
) -> None:
    engagement = engaged(consultant)
    browser = sign_in(make.person(role) if role is Role.FINANCE else consultant.person)
    urls = (f"/practice/engagements/{engagement.id}/shares",
            f"/practice/payouts/{consultant.id}/usual-share")  # fmt: skip
    for url in urls:
        assert browser.get(url).status_code == browser.post(url).status_code == 403


def test_shares_of_a_team_are_set_with_a_reason_and_written_down(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    second = make.saved(
        Assignment(engagement=engagement, consultant=make.consultant(), leads=False)
    )
    [lead, other] = [row.id for row in (engagement.assignments[0], second)]
    browser, url = sign_in(owner), f"/practice/engagements/{engagement.id}/shares"
    assert 'value="40"' in browser.get(url).text
    typed = {f"share-{lead}": "60", f"share-{other}": "41", "reason": "Agreed in June"}
    refused = browser.post(url, data=typed)
    assert refused.status_code == 422
    assert "Together they may be 100 at most." in visible(refused.text)
    assert 'value="41"' in refused.text and "Agreed in June" in refused.text
    good = typed | {f"share-{other}": "40"}
    assert browser.post(url, data=good).status_code == 303
    found = {row.id: row.share_percent for row in rows(Assignment)}
    assert (found[lead], found[other]) == (60, 40)
    [event] = [row for row in rows(AuditEvent) if row.action == "engagement.shares_set"]
    assert event.detail["reason"] == "Agreed in June" and event.actor == owner.email


@pytest.mark.parametrize("typed", ["", "-1", "101", "4.5", "½", "nan", "1000", "٤٠"])
def test_no_percentage(consultant: Consultant, owner: Person, sign_in: SignIn, typed: str) -> None:
    engagement = engaged(consultant)
    [row] = engagement.assignments
    url = f"/practice/engagements/{engagement.id}/shares"
    answer = sign_in(owner).post(url, data={f"share-{row.id}": typed, "reason": "x"})
    assert answer.status_code == 422 and "A whole number from 0 to 100." in answer.text
    assert [one.share_percent for one in rows(Assignment)] == [40]


def test_shares_need_a_reason(consultant: Consultant, owner: Person, sign_in: SignIn) -> None:
    engagement = engaged(consultant)
    [row] = engagement.assignments
    url = f"/practice/engagements/{engagement.id}/shares"
    answer = sign_in(owner).post(url, data={f"share-{row.id}": "50", "reason": ""})
    assert answer.status_code == 422 and "Say why." in visible(answer.text)


def test_usual_share_is_taken_over_by_the_next_engagement(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    browser, url = sign_in(owner), f"/practice/payouts/{consultant.id}/usual-share"
    assert browser.post(url, data={"share_percent": "120"}).status_code == 422
    assert browser.post(url, data={"share_percent": "35"}).status_code == 303
    held = make.hold(make.offering(), session.get_one(Consultant, consultant.id))
    assert [row.share_percent for row in Assignment.each_of(held)] == [35]


def test_share_of_an_invoice_paid_outside_stripe_is_paid_by_the_firm_by_hand(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice = invoice_of(engagement, out_of_band=True)
    [row] = Transfer.of(invoice.id)
    assert (row.state, row.reason) == ("held", "outside")
    browser = sign_in(owner)
    [url] = set(re.findall(r'href="([^"]*paid-outside)"', browser.get("/practice/payouts").text))
    assert "$2,000.00" in visible(browser.get(path_of(url)).text)
    assert browser.post(path_of(url)).status_code == 303
    [row] = rows(Transfer)
    assert (row.state, row.outside, row.amount_minor) == ("sent", True, 200000)
    assert browser.post(path_of(url)).status_code == 409
    refused = sign_in(make.person(Role.COORDINATOR)).post(path_of(url))
    assert refused.status_code == 403
