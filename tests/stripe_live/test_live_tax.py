"""Tax at Stripe, where the test account has Stripe Tax switched on: STRIPE_TEST_TAX=on says so."""

import os
from typing import Any

import pytest

from tests.stripe_live.world import World
from webapp.billing.calls import credit_notes, invoices, items
from webapp.billing.stripe_gateway import Bug

ADDRESS = {"line1": "Torstraße 1", "postal_code": "10119", "city": "Berlin", "country": "DE"}


@pytest.fixture
def payer(world: World) -> str:
    if os.environ.get("STRIPE_TEST_TAX") != "on":
        pytest.skip("set STRIPE_TEST_TAX=on where Stripe Tax is active (docs/stripe.md)")
    made = world.customer()
    world.v1.customers.update(made, {"address": ADDRESS})
    return made


def billed(world: World, payer: str, *amounts: int) -> Any:
    """A taxed invoice of these amounts, finalised and paid by what is on file."""
    params = {"customer": payer, "automatic_tax": {"enabled": True}, "currency": "usd"}
    draft = invoices.draft(params, world.key())
    for minor in amounts:
        price = world.priced("one_off", minor) | {"tax_behavior": "exclusive"}
        items.create({"customer": payer, "invoice": draft.id, "price_data": price}, world.key())
    invoices.finalize(draft.id)
    return invoices.read(draft.id)


def test_a_credit_note_on_a_line_takes_its_tax_back(world: World, payer: str) -> None:
    """Previewed without saying where the money goes, then made as credit of what it came to."""
    invoice = billed(world, payer, 100_000)
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines[0].id}
    asked: Any = {"invoice": invoice.id, "lines": [line | {"amount": 40_000}]}
    foreseen = credit_notes.preview(asked).amount
    if invoice.status == "paid":
        asked["credit_amount"] = foreseen.minor
    made = credit_notes.make(asked, world.key())
    assert made.amount == foreseen
    assert foreseen.minor == 40_000 + invoice.tax.prorate(40_000, 100_000).minor


def test_an_item_below_nothing_is_refused(world: World, payer: str) -> None:
    """The app makes none; this only asks whether Stripe does as its SDK says."""
    with pytest.raises(Bug):
        billed(world, payer, 100_000, -40_000)
