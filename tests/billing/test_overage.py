"""Hours beyond the allowance: one line, on the next invoice, once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.billing.owed import RATE, at_stripe, credits, items, kinds, overage, period_of
from webapp import clock
from webapp.billing.models import CreditNote
from webapp.billing.owing.overage import add_overage, hours_of
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money
from webapp.outbox import enqueue

HOURS, MONTH = timedelta(hours=3), timedelta(days=31)


def test_m30_overage_of_3_5_hours_is_one_line_and_resubmitted_adds_none(payer: Client) -> None:
    payer.start()
    overage(payer, 210)
    overage(payer, 210)
    [item] = items()
    assert (item.state, item.amount, item.quantity) == (
        "placed",
        Money(70000, "USD"),
        Decimal("3.5"),
    )
    [theirs] = at_stripe(payer)
    assert (
        theirs["quantity_decimal"] == "3.5" and theirs["pricing"]["unit_amount_decimal"] == "20000"
    )
    payer.until(payer.renewal() + HOURS, by=MONTH)
    second = invoices()[-1]
    assert (second.status, second.total) == ("paid", Money(570000, "USD"))
    assert sorted(kinds(second)) == [("overage", 70000), ("retainer", 500000)]
    assert "3.5 h × $200.00" in str(second.lines)
    [item] = items()
    assert (item.state, item.invoice_id) == ("invoiced", second.id)
    overage(payer, 210)
    assert len(items()) == len(at_stripe(payer)) == 1
    assert failed_jobs() == []


def test_m30_another_number_for_the_period_adds_or_takes_off_the_difference(payer: Client) -> None:
    payer.start()
    for minutes in (210, 240, 200):
        overage(payer, minutes)
    assert [(item.minutes, item.state) for item in items()] == [
        (210, "void"), (30, "void"), (None, "placed"),
    ]  # fmt: skip
    [credit] = credits()
    assert (credit.minutes, credit.amount_minor, credit.state) == (40, 13333, "placed")
    assert [one["amount"] for one in at_stripe(payer)] == [66667]  # 3 h 20 min, to the cent
    overage(payer, 200)
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert invoices()[-1].total == Money(566667, "USD")
    assert (rows(CreditNote), rows(FollowUp), failed_jobs()) == ([], [], [])


def test_overage_that_was_invoiced_and_is_less_is_credited_on_its_line(payer: Client) -> None:
    payer.start()
    overage(payer, 210)
    payer.until(payer.renewal() + HOURS, by=MONTH)
    charged = invoices()[-1]
    overage(payer, 200)
    payer.hear()
    [note] = rows(CreditNote)
    assert (note.invoice_id, note.amount_minor, note.means) == (charged.id, 3333, "credit")
    overage(payer, 210)
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert invoices()[-1].total == Money(503333, "USD")
    assert invoices()[-1].paid == Money(500000, "USD")
    assert failed_jobs() == []


def test_m31_overage_after_finalisation_goes_on_the_next_invoice(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert invoices()[-1].total == Money(500000, "USD")
    overage(payer, 60)
    assert items()[0].state == "placed"
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert [invoice.total.minor for invoice in invoices()] == [600000, 500000, 520000]
    assert items()[0].invoice_id == invoices()[-1].id


def test_m31_overage_after_the_end_goes_on_an_invoice_of_its_own(payer: Client) -> None:
    payer.start()
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    overage(payer, 90)
    payer.hear()
    final = invoices()[-1]
    assert (final.status, final.total) == ("paid", Money(30000, "USD"))
    assert kinds(final) == [("overage", 30000)]
    assert [item.state for item in items()] == ["invoiced"]
    overage(payer, 90)
    payer.hear()
    assert len(invoices()) == 2


@pytest.mark.parametrize("kind", ["429", "500", "lost_response"])
def test_an_answer_lost_on_the_way_places_the_item_once(payer: Client, kind: str) -> None:
    payer.start()
    payer.stripe.fault("POST /v1/invoiceitems", kind, times=3)
    overage(payer, 60)
    for _ in range(4):
        payer.set_clock(clock.now() + timedelta(minutes=3))
        payer.drain()
    assert len(at_stripe(payer)) == 1
    assert [item.state for item in items()] == ["placed"]


def test_a_crash_after_stripes_answer_and_a_day_of_rest_places_the_item_once(payer: Client) -> None:
    payer.start()
    overage(payer, 60)
    [item] = items()
    item.state, item.stripe_id = "intended", None
    enqueue("billing.place_item", item.id, key="again")
    session.commit()
    payer.set_clock(clock.now() + timedelta(hours=24))
    payer.drain()
    assert len(at_stripe(payer)) == 1
    assert items()[0].stripe_id == at_stripe(payer)[0]["id"]


def test_minutes_below_zero_are_refused(payer: Client) -> None:
    payer.start()
    with pytest.raises(ValueError, match="below zero"):
        add_overage(period_of(payer.engagement), -1, RATE)


def test_hours_are_told_as_people_write_them() -> None:
    assert [hours_of(minutes) for minutes in (210, 60, 200, 3)] == [
        "3.5 h",
        "1 h",
        "3 h 20 min",
        "0.05 h",
    ]
