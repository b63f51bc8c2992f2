"""What was paid in one way is not charged in another, whoever has heard of it and who has not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.billing.changing import firm
from tests.billing.conftest import Client, failed_jobs, invoices, rows
from tests.billing.owed import charges
from tests.billing.test_dunning import failing, new_card, paid_on_hosted_page
from webapp.access import Role
from webapp.billing.models import Invoice
from webapp.billing.owing import paying
from webapp.db import session, transaction
from webapp.engagements.models import FollowUp


def charge_now(owed: Invoice) -> None:
    """What a job does once there is another card, whenever it comes to run."""
    with transaction():
        paying.pay(owed.id, "another card")


def paid_by_wire(owed: Invoice) -> None:
    """Finance has recorded it; the job that tells Stripe has not run yet."""
    session.get_one(Invoice, owed.id).settle_elsewhere("By wire", "Fay Finance")
    session.commit()


def debit_under_way(owed: Invoice) -> None:
    session.get_one(Invoice, owed.id).processing = True
    session.commit()


@pytest.mark.parametrize("how", [paid_by_wire, debit_under_way])
def test_m45_another_card_is_not_charged_for_what_is_being_paid_otherwise(
    payer: Client, how: Callable[[Invoice], None]
) -> None:
    owed = failing(payer)
    new_card(payer)
    how(owed)
    charge_now(owed)
    assert len(charges(payer)) == 1  # the first month


def test_m47_recorded_as_paid_outside_stripe_it_is_neither_charged_nor_chased(
    payer: Client,
) -> None:
    owed = failing(payer)
    paid_by_wire(owed)
    charge_now(owed)
    assert not session.get_one(Invoice, owed.id).failing
    payer.hear()
    assert (invoices()[-1].status, invoices()[-1].out_of_band) == ("paid", True)
    assert len(charges(payer)) == 1 and failed_jobs() == []


@pytest.mark.parametrize("heard", [False, True])
def test_recorded_as_paid_outside_stripe_and_paid_by_card_too_somebody_is_told(
    payer: Client, heard: bool
) -> None:
    owed, finance = failing(payer), firm(Role.FINANCE)
    paid_on_hosted_page(payer, owed)
    paid_by_wire(owed)
    if heard:
        payer.stripe.deliver()  # the payment is known before the job runs
    payer.drain()
    payer.hear()
    [asked] = rows(FollowUp)
    assert "may have come twice" in asked.text and "By wire, Fay Finance" in asked.text
    [mail] = payer.mails("may have been paid twice")
    assert mail.startswith(finance.name) and "Paid at Stripe: $5,000.00" in mail
    assert (invoices()[-1].status, invoices()[-1].out_of_band) == ("paid", False)
