"""Finance gives money of an invoice back: how much, how, and never more than there is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows
from tests.billing.paying_out import Sharing, reversals
from tests.standin import visible
from webapp import outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.models import CreditNote, Invoice, Refund
from webapp.billing.returning.left import left_of
from webapp.db import session
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def finance(app: object) -> Person:
    person = make.person(Role.FINANCE, name="Fay Finance", email="fay@firm.example.com")
    session.commit()
    return person


@pytest.fixture
def desk(payer: Client, finance: Person, sign_in: SignIn) -> Desk:
    payer.start()
    return Desk(payer, sign_in(finance))


class Desk:
    """Finance's browser at the first invoice of a paying client."""

    def __init__(self, payer: Client, browser: FlaskClient) -> None:
        self.payer, self.browser = payer, browser

    @property
    def invoice(self) -> Invoice:
        return invoices()[0]

    @property
    def url(self) -> str:
        return f"/practice/invoices/{self.invoice.id}/give-back"

    def typed(self, amount: str, means: str = "refund", **values: str) -> dict[str, str]:
        return {"amount": amount, "means": means, "reason": "", "note": "Too much"} | values

    def preview(self, amount: str, means: str = "refund", **values: str) -> str:
        answer = self.browser.post(self.url, data=self.typed(amount, means, **values))
        assert answer.status_code == 200, visible(answer.text)
        return answer.text

    def give(self, amount: str, means: str = "refund", **values: str) -> None:
        """Through the preview, confirmed, and carried out."""
        shown = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"',
                                self.preview(amount, means, **values)))  # fmt: skip
        answer = self.browser.post(f"{self.url}/confirm", data=shown)
        assert answer.status_code == 303, visible(answer.text)
        self.payer.hear()

    def page(self) -> str:
        return visible(self.browser.get(self.url).text)


def given(desk: Desk) -> list[int]:
    made = desk.payer.stripe.of("refund", desk.payer.engagement.id)
    return sorted(one["amount"] for one in made)


def notes() -> list[CreditNote]:
    return sorted(rows(CreditNote), key=lambda note: note.created_at)


# -- m40 -------------------------------------------------------------------------------------------


def test_m40_two_partial_refunds_add_up_and_one_more_than_is_left_is_refused(desk: Desk) -> None:
    desk.give("1,500.00")
    desk.give("500")
    assert given(desk) == [50000, 150000]
    assert desk.invoice.given_back == Money(200000, "USD")
    assert left_of(desk.invoice) == Money(400000, "USD")
    refused = desk.browser.post(desk.url, data=desk.typed("4000.01"))
    assert refused.status_code == 422
    assert "At most $4,000.00 is left of it." in visible(refused.text)
    assert 'value="4000.01"' in refused.text and "Too much" in refused.text
    desk.give("4000")
    assert sum(given(desk)) == 600000
    assert "All of it has been given back" in desk.page()
    assert failed_jobs() == []


def test_m40_eight_at_once_never_give_more_than_was_paid(
    desk: Desk, finance: Person, sign_in: SignIn
) -> None:
    browsers = [sign_in(finance) for _ in range(8)]
    url = f"{desk.url}/confirm"
    session.commit()

    def press(browser: FlaskClient) -> int:
        once = {"once": str(uuid.uuid4())}
        return browser.post(url, data=desk.typed("1000.00") | once).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, browsers))
    desk.payer.hear()
    assert answers.count(303) == 6 and set(answers) <= {303, 409, 422}
    assert given(desk) == [100000] * 6
    assert left_of(desk.invoice) == Money(0, "USD")


def test_m40_a_confirmation_sent_twice_gives_once(desk: Desk) -> None:
    shown = dict(re.findall(r'name="(\w+)" value="([^"]*)"', desk.preview("100")))
    for _ in range(3):
        assert desk.browser.post(f"{desk.url}/confirm", data=shown).status_code == 303
    desk.payer.hear()
    assert given(desk) == [10000]


def test_m40_what_stripe_refunded_meanwhile_counts_as_soon_as_it_is_known(desk: Desk) -> None:
    [paid] = desk.payer.stripe.objects("payment_intent", amount=600000)[:1]
    desk.payer.stripe.api("POST", "refunds", payment_intent=paid["id"], amount=590000)
    desk.give("500")  # nobody has told us yet: Stripe refuses it, and so do we from then on
    [ours] = [row for row in refunds() if row.reason == "requested"]
    assert ours.state == "failed" and "greater than" in ours.failure
    assert left_of(desk.invoice) == Money(10000, "USD")
    assert len(desk.payer.mails("could not be made")) == 1
    assert "did not arrive" in desk.page()


# -- what a refund sets off ------------------------------------------------------------------------


def test_a_refund_is_previewed_mailed_noted_and_written_down(desk: Desk, finance: Person) -> None:
    shown = visible(desk.preview("1500"))
    assert "Give $1,500.00 back?" in shown and "to the card ending in 4242" in shown
    assert "Left of it afterwards $4,500.00" in shown
    assert refunds() == []
    desk.give("1500")
    [mail] = desk.payer.mails("$1,500.00 is on its way back to you")
    assert mail.startswith("Ana Reyes") and "Why: Too much" in mail and "ending in 4242" in mail
    [note] = notes()
    assert (note.state, note.means, note.amount) == ("issued", "refund", Money(150000, "USD"))
    [at_stripe] = desk.payer.stripe.of("credit_note", desk.payer.engagement.id)
    assert at_stripe["amount"] == 150000 and at_stripe["memo"] == "Too much"
    assert [one["amount_refunded"] for one in at_stripe["refunds"]] == [150000]
    assert given(desk) == [150000]  # the note made no second refund
    [written] = [row for row in rows(AuditEvent) if row.action == "refund.intended"]
    assert written.actor == finance.email and written.detail["reason"] == "Too much"
    page = desk.page()
    assert "given back" in page and "by fay@firm.example.com" in page and note.number in page


def test_preview_tells_what_is_taken_of_the_consultants_share(desk: Desk) -> None:
    sharing = Sharing(desk.payer)
    sharing.shares(40)
    sharing.opens_account()
    outbox.enqueue("billing.read_payments", desk.invoice.id, key="after the share was set")
    session.commit()
    desk.payer.hear()
    name = sharing.consultant.name
    assert f"$1,200.00 of {name}'s" in visible(desk.preview("3000")).replace("’", "'")
    desk.give("3000")
    assert [row.minor for row in reversals()] == [120000]  # 40% of it: none is of the deposit


def test_preview_tells_what_the_amount_is_made_of(desk: Desk) -> None:
    """Of 6,000 paid 1,000 are a deposit, which is touched last; the tax is in proportion, as on
    Stripe's credit note."""
    row = desk.invoice
    small = visible(desk.preview("1500"))
    assert "The firm’s part $1,500.00 Given back $1,500.00" in small and "Tax $" not in small
    row.tax_minor, row.subtotal_minor = 100000, row.subtotal_minor - 100000
    session.commit()
    whole = visible(desk.preview("5500"))
    made = "Tax $916.67 Deposit $500.00 The firm’s part $4,083.33 Given back $5,500.00"
    assert made in whole


def test_a_refund_that_fails_later_is_told_to_finance_and_can_be_made_again(desk: Desk) -> None:
    desk.give("100")
    [row] = refunds()
    row.fail("expired_or_canceled_card")
    session.commit()
    desk.payer.drain()
    [mail] = desk.payer.mails("could not be made")
    assert mail.startswith("Fay Finance") and "expired_or_canceled_card" in mail
    assert left_of(desk.invoice) == Money(600000, "USD")


@pytest.mark.parametrize("kind", ["lost_response", "500"])
def test_a_credit_note_through_every_fault_is_made_once(desk: Desk, kind: str) -> None:
    desk.payer.stripe.fault("POST /v1/credit_notes", kind, times=4)
    desk.give("100")
    desk.payer.stripe.web.delete(f"{desk.payer.stripe.base}/_sandbox/faults")
    for job in rows(outbox.Job):
        job.run_after = min(job.run_after, job.created_at)
    session.commit()
    desk.payer.hear()
    assert len(desk.payer.stripe.of("credit_note", desk.payer.engagement.id)) == 1
    assert [note.state for note in notes()] == ["issued"] and given(desk) == [10000]


# -- credit notes ----------------------------------------------------------------------------------


def test_credit_on_a_paid_invoice_waits_for_the_next_one(desk: Desk) -> None:
    desk.give("250", "credit", reason="product_unsatisfactory")
    [note] = notes()
    assert (note.means, note.state, note.reason) == ("credit", "issued", "product_unsatisfactory")
    assert note.pdf_url and note.number
    [customer] = desk.payer.stripe.objects("customer")[:1]
    assert customer["balance"] == -25000
    assert given(desk) == [] and left_of(desk.invoice) == Money(575000, "USD")


def test_given_outside_stripe_is_on_paper_alone_and_counts(desk: Desk) -> None:
    desk.give("250", "outside")
    [note] = notes()
    assert (note.means, note.state) == ("outside", "issued")
    assert given(desk) == [] and left_of(desk.invoice) == Money(575000, "USD")


def test_credit_note_on_an_open_invoice_lowers_what_is_due(desk: Desk) -> None:
    desk.payer.stripe.change_card(desk.payer.card(), "generic_decline")
    desk.payer.until(desk.payer.renewal() + timedelta(hours=3))
    owed = invoices()[-1]
    assert owed.status == "open"
    url = f"/practice/invoices/{owed.id}/give-back"
    shown = desk.browser.post(url, data=desk.typed("1000", "reduce"))
    typed = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text))
    assert desk.browser.post(f"{url}/confirm", data=typed).status_code == 303
    desk.payer.hear()
    assert invoices()[-1].due == Money(400000, "USD")
    assert [(note.means, note.state) for note in notes()] == [("reduce", "issued")]


def test_credit_note_made_in_stripes_dashboard_is_mirrored(desk: Desk) -> None:
    desk.payer.stripe.api(
        "POST", "credit_notes", invoice=desk.invoice.stripe_id, amount=700, credit_amount=700,
        memo="By hand",
    )  # fmt: skip
    desk.payer.hear()
    [note] = notes()
    assert (note.means, note.note, note.state, note.by) == ("credit", "By hand", "issued", "")


# -- who and what ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.CONSULTANT])
def test_only_finance_and_owners_give_money_back(desk: Desk, sign_in: SignIn, role: Role) -> None:
    browser = sign_in(make.person(role))
    for url in (desk.url, f"{desk.url}/confirm"):
        assert browser.post(url, data=desk.typed("1")).status_code == 403
    assert browser.get(desk.url).status_code == 403 and refunds() == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"amount": ""}, "Enter an amount."),
        ({"amount": "ten"}, "Enter an amount in USD"),
        ({"amount": "0.001"}, "Enter an amount in USD"),
        ({"amount": "-5"}, "Enter more than nothing."),
        ({"amount": "NaN"}, "Enter an amount in USD"),
        ({"amount": "12,5,0"}, "Enter an amount in USD"),
        ({"amount": "1e3"}, "Enter an amount in USD"),
        ({"amount": "1e999999"}, "Enter an amount in USD"),
        ({"note": ""}, "Say why."),
        ({"note": "x" * 501}, "500"),
        ({"means": "reduce"}, "Not a valid choice"),
        ({"means": ""}, "Choose how it is given."),
        ({"reason": "because"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_told_beside_the_field(
    desk: Desk, typed: dict[str, str], told: str
) -> None:
    for url in (desk.url, f"{desk.url}/confirm"):
        answer = desk.browser.post(url, data=desk.typed("5") | typed)
        assert answer.status_code == 422, url
        assert told in visible(answer.text)
    assert refunds() == [] and notes() == []


def test_nothing_is_given_while_the_bank_decides(desk: Desk) -> None:
    Sharing(desk.payer).dispute()
    page = desk.page()
    assert "Nothing can be given back now" in page and "contests this payment" in page
    assert desk.browser.post(desk.url, data=desk.typed("5")).status_code == 409
    assert desk.browser.post(f"{desk.url}/confirm", data=desk.typed("5")).status_code == 409
    assert refunds() == []


def test_disputes_are_listed_and_an_empty_list_says_so(desk: Desk, sign_in: SignIn) -> None:
    assert "No disputes" in visible(desk.browser.get("/practice/disputes").text)
    dispute = Sharing(desk.payer).dispute(reason="fraudulent")
    page = desk.browser.get("/practice/disputes").text
    assert f"https://dashboard.stripe.com/test/disputes/{dispute}" in page
    assert "needs an answer" in page and "$6,000.00" in page and "$15.00" in page
    browser = sign_in(make.person(Role.COORDINATOR))
    assert browser.get("/practice/disputes").status_code == 403


def test_the_client_reads_no_word_of_a_dispute(desk: Desk, sign_in: SignIn) -> None:
    Sharing(desk.payer).dispute()
    sponsor = desk.payer.engagement.sponsor
    assert sponsor
    page = visible(sign_in(sponsor).get("/client").text).lower()
    assert "dispute" not in page and "contest" not in page


def test_unknown_invoice_is_not_found(sign_in: SignIn, finance: Person) -> None:
    url = f"/practice/invoices/{uuid.uuid4()}/give-back"
    assert sign_in(finance).get(url).status_code == 404


def test_a_refund_in_the_dashboard_takes_of_the_share_too(desk: Desk) -> None:
    [paid] = desk.payer.stripe.objects("payment_intent", amount=600000)[:1]
    desk.payer.stripe.api("POST", "refunds", payment_intent=paid["id"], amount=600000)
    desk.payer.hear()
    assert [(row.reason, row.state) for row in rows(Refund)] == [("dashboard", "succeeded")]
    assert notes() == []  # whoever refunds in the dashboard decides there about the paper
