"""What mails and pages say of an invoice adds up to what is charged, whatever pays a part of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from flask.testing import FlaskClient

from tests.billing.changing import pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows
from tests.billing.test_given_up import given_up, url_of
from tests.billing.test_pauses import paused, second_month, until
from tests.standin import visible
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.models import Customer, Upcoming
from webapp.db import session
from webapp.engagements.models import Pause

HOURS = timedelta(hours=3)
SignIn = Callable[[Person], FlaskClient]
AMOUNT = re.compile(r"^(?P<what>[^\n]+): (?P<amount>-?\$[\d,]+\.\d\d)$", re.MULTILINE)


def figures(mail: str) -> dict[str, Decimal]:
    """The rows of a mail that end in an amount, as a reader adds them up."""
    return {row["what"]: Decimal(row["amount"].replace("$", "").replace(",", ""))
            for row in AMOUNT.finditer(mail)}  # fmt: skip


def add_up(mail: str, last: str) -> Decimal:
    """What the row `last` says, once all before it come to that."""
    found = figures(mail)
    told = found.pop(last)
    assert sum(found.values()) == told, found
    return told


def test_the_next_month_is_announced_with_the_clients_credit_as_a_row_of_its_own(
    payer: Client,
) -> None:
    under_way(payer)
    [customer] = rows(Customer)
    payer.stripe.api("POST", f"customers/{customer.stripe_id}/balance_transactions",
                     amount="-20000", currency="usd")  # fmt: skip
    payer.hear()
    renews = payer.renewal()
    pass_time(payer, renews - timedelta(days=4))
    [told] = payer.mails("will be charged")
    assert figures(told)["Your credit"] == -200
    assert add_up(told, "To be charged") == 4800
    pass_time(payer, renews + HOURS)
    [_, receipt] = payer.mails("Receipt")
    assert figures(receipt)["Your credit"] == -200
    assert add_up(receipt, "Paid in all") == 4800 and invoices()[-1].paid.minor == 480000


def test_the_last_month_is_announced_everywhere_less_the_deposit_that_is_set_off(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = under_way(payer)
    assert engagement.sponsor is not None
    engagement.give_notice(engagement.end_dates[0], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()
    ends = payer.engagement.ends_on
    assert ends is not None
    while payer.engagement.month_after(payer.engagement.month_after(payer.engagement.today)) < ends:
        assert rows(Upcoming)[0].deposit_minor == 0
        pass_time(payer, payer.renewal() + HOURS)
    last = payer.renewal()
    [upcoming] = rows(Upcoming)
    assert (upcoming.due_minor, upcoming.deposit_minor) == (400000, 100000)
    browser = sign_in(session.get_one(Person, payer.engagement.sponsor_id))
    page = visible(browser.get("/billing").text)
    assert "$4,000.00 is charged on" in page and "Deposit, set off" in page
    assert "$4,000.00" in visible(browser.get(f"/engagements/{payer.engagement.id}").text)
    pass_time(payer, last - timedelta(days=4))
    [told] = payer.mails("$4,000.00 will be charged")
    assert figures(told)["Deposit, set off"] == -1000 and "the last month" in told
    assert add_up(told, "To be charged") == 4000
    pass_time(payer, last - timedelta(hours=2))
    [upcoming] = rows(Upcoming)  # the deposit is the client's credit by now
    assert (upcoming.due_minor, upcoming.deposit_minor) == (400000, 100000)
    pass_time(payer, last + HOURS)
    assert (invoices()[-1].paid.minor, failed_jobs()) == (400000, [])
    receipt = payer.mails("Receipt")[-1]
    assert figures(receipt)["Deposit, set off"] == -1000
    assert add_up(receipt, "Paid in all") == 4000
    page = visible(browser.get(f"/billing/invoices/{invoices()[-1].id}").text)
    assert "$1,000.00 of it was paid from your deposit" in page


def test_a_final_invoice_says_what_it_replaces_and_no_mail_after_the_end_says_work_goes_on(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = given_up(payer)
    payer.engagement.company.net_days = 7  # type: ignore[union-attr]
    session.commit()
    browser, today = sign_in(coordinator), payer.engagement.today
    page = browser.get(url_of(owed)).text
    assert "is left to pay" in page.partition('data-confirm="')[2].partition('"')[0]
    payer.mailbox.clear()
    typed = {"ends_on": today.isoformat(), "because": "Three months unpaid"}
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))
    [ended] = payer.mails("has ended")
    assert f"because invoice {owed.number}, $5,000.00, was not paid" in ended
    assert "Three months unpaid" in ended
    final = invoices()[-1]
    [sent] = payer.mails(f"Invoice {final.number}: ")
    assert f"replaces {owed.number}" in sent and figures(sent)["Deposit, set off"] == -1000
    assert add_up(sent, "To pay") == final.due.major
    sponsor = sign_in(session.get_one(Person, payer.engagement.sponsor_id))
    page = visible(sponsor.get(f"/billing/invoices/{final.id}").text)
    assert f"in place of {owed.number}" in page and "paid from your deposit" in page
    page = visible(browser.get(url_of(owed)).text)
    assert "Cancelled, not to be paid" in page and "has not paid" not in page
    pass_time(payer, clock.now() + timedelta(days=19), by=timedelta(days=1))
    overdue, team = payer.mails(f"{final.number} was due"), payer.mails("unpaid after 7 days")
    [firm] = [mail for mail in payer.mails("unpaid after 10 days") if "Cora" in mail]
    assert (len(overdue), bool(team)) == (4, True)
    assert all("Your engagement ended on" in mail for mail in overdue)
    assert not any("goes on" in mail for mail in (*overdue, *team, firm))
    assert "ecide" not in firm.replace("nothing is to be decided", "")
    assert "/arrears" not in firm and failed_jobs() == []


def test_a_pause_is_told_with_its_amounts_and_resuming_does_not_claim_what_credit_pays(
    payer: Client,
) -> None:
    engagement = second_month(payer)
    starts = engagement.today + timedelta(days=8)
    pause = paused(payer, starts, starts + timedelta(days=30))
    credit, charge = "Credit for days that are paid: $", f"before tax, for the days until {''}"
    [planned] = payer.mails("A pause from")[:1]
    assert credit in planned and charge in planned
    until(payer, starts)
    assert charge in payer.mails("is paused until")[0]
    until(payer, pause.ends - timedelta(days=6))
    [soon] = [mail for mail in payer.mails("Work resumes on") if "$" in mail]
    assert charge in soon and "comes off the invoice first" in soon
    until(payer, pause.ends)
    [over] = rows(Pause)
    assert over.state == "over"
    [resumed] = [mail for mail in payer.mails("Work has resumed") if "$" in mail]
    assert "For the days until the next month: $" in resumed
    assert "comes off the invoice first" in resumed
    assert "Charged now" not in resumed and "The plant is closed" not in resumed
