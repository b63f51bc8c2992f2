"""Money of the first invoice that went back before the end: the deposit is given once, and the
shares, the journal and what is held tell the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.billing.agreeing import agree
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows
from tests.billing.owed import credits, overage
from tests.billing.paying_out import Sharing, transfers
from tests.billing.test_deposit import end, usd
from tests.billing.test_taxes import pay_from, taxed  # noqa: F401 - a fixture
from webapp.billing.models import CreditNote, Dispute, Invoice
from webapp.billing.owing import deposit
from webapp.billing.returning.giving import CannotGive, Giving, give
from webapp.billing.returning.splitting import split
from webapp.db import session
from webapp.money import Money

WAYS = ["outside", "credit", "refund"]


def give_back(payer: Client, minor: int, means: str, currency: str = "USD") -> None:
    give(invoices()[0].id, Giving(Money(minor, currency), means, "", "Agreed", "fay@firm"))
    session.commit()
    payer.hear()


def gone_back(first: Invoice) -> int:
    """Of the first invoice, by refunds and outside Stripe."""
    refunded = sum(row.amount_minor for row in first.refunds if row.state == "succeeded")
    notes = (note for note in rows(CreditNote) if note.means == "outside")
    return refunded + sum(note.amount_minor for note in notes)


@pytest.mark.parametrize("means", WAYS)
def test_first_invoice_given_back_whole_leaves_no_deposit_to_return(
    payer: Client, means: str
) -> None:
    payer.start()
    give_back(payer, 600000, means)
    assert deposit.left_of(payer.engagement) == usd(0)
    end(payer)
    assert gone_back(invoices()[0]) == 600000
    assert agree(payer)["Assets:Receivable"] == 0
    assert failed_jobs() == []


@pytest.mark.parametrize("means", ["outside", "credit"])
def test_first_invoice_given_back_whole_leaves_nothing_to_set_off(
    payer: Client, means: str
) -> None:
    payer.start()
    give_back(payer, 600000, means)
    overage(payer, 600)
    end(payer)
    assert credits() == []
    agree(payer)


@pytest.mark.parametrize("means", WAYS)
def test_part_given_back_leaves_the_deposit_whole_in_the_journal_and_with_us(
    payer: Client, means: str
) -> None:
    payer.start()
    give_back(payer, 60000, means)
    assert deposit.left_of(payer.engagement) == usd(100000)
    assert agree(payer)["Liabilities:Deposits"] == -100000
    give_back(payer, 500000, means)
    assert deposit.left_of(payer.engagement) == usd(40000)
    assert agree(payer)["Liabilities:Deposits"] == -40000
    end(payer)
    assert agree(payer).get("Liabilities:Deposits", 0) == 0


@pytest.mark.parametrize("means", WAYS)
def test_part_given_back_with_tax_takes_the_tax_that_stripes_paper_says(
    taxed: Callable[..., Client],  # noqa: F811 - the fixture
    means: str,
) -> None:
    payer = taxed("DE")
    pay_from(payer, "DE")
    give_back(payer, 60000, means, "EUR")
    assert deposit.left_of(payer.engagement) == Money(100000, "EUR")
    agree(payer)
    end(payer)
    agree(payer)


def test_deposit_paid_outside_stripe_is_asked_for_by_hand_once(payer: Client) -> None:
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()
    owed = invoices()[0].stripe_id
    payer.stripe.api("POST", f"invoices/{owed}/pay", paid_out_of_band="true")
    payer.hear()
    end(payer)
    end(payer, again=True)
    [asked] = refunds()
    assert (asked.state, asked.amount) == ("failed", usd(100000)) and "by hand" in asked.failure


def contested(payer: Client) -> Any:
    [charge] = payer.stripe.objects("charge")[:1]
    opened = payer.stripe.control("disputes", charge=charge["id"])
    payer.hear()
    return opened["id"]


def decided(payer: Client, dispute: str, outcome: str) -> None:
    payer.stripe.control(f"disputes/{dispute}", outcome=outcome)
    payer.hear()
    payer.hear()


@pytest.mark.parametrize(("outcome", "back"), [("won", [100000]), ("lost", [])])
def test_dispute_open_at_the_end_keeps_the_deposit_until_it_is_decided(
    payer: Client, outcome: str, back: list[int]
) -> None:
    payer.start()
    dispute = contested(payer)
    end(payer)
    assert refunds() == []
    decided(payer, dispute, outcome)
    assert [row.amount_minor for row in refunds()] == back
    assert all(row.state == "succeeded" for row in refunds())
    agree(payer)


def test_deposit_that_the_bank_took_back_is_not_set_off(payer: Client) -> None:
    payer.start()
    decided(payer, contested(payer), "lost")
    assert [row.status for row in rows(Dispute)] == ["lost"]
    overage(payer, 600)
    end(payer)
    assert credits() == [] and refunds() == []
    assert invoices()[-1].paid == usd(200000)
    agree(payer)


def test_m41_shares_of_what_a_deposit_paid_go_when_its_payment_goes_back_whole(
    payer: Client,
) -> None:
    sharing = Sharing(payer)
    sharing.begin(percent=40)
    overage(payer, 600)
    end(payer)
    assert sum(row.standing for row in transfers()) == (500000 + 200000) * 40 // 100
    with pytest.raises(CannotGive):
        give_back(payer, 600000, "refund")
    session.rollback()
    [charge] = [one for one in payer.stripe.objects("charge") if one["amount"] == 600000]
    payer.stripe.api("POST", "refunds", charge=charge["id"], amount=600000)
    payer.hear()
    assert split(invoices()[0]).held == 0
    # All that is left with the firm is the 1,000 that the client paid of the final invoice.
    assert sum(row.standing for row in transfers()) == 100000 * 40 // 100
    agree(payer)


def test_m42_lost_dispute_takes_the_shares_of_what_its_deposit_paid(payer: Client) -> None:
    sharing = Sharing(payer)
    sharing.begin(percent=40)
    overage(payer, 600)
    end(payer)
    sharing.decide(sharing.dispute(), "lost")
    assert sum(row.standing for row in transfers()) == 100000 * 40 // 100
    agree(payer)
