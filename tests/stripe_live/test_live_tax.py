"""Tax at Stripe, where the test account has Stripe Tax switched on: STRIPE_TEST_TAX=on says so."""

import os
from typing import Any

import pytest

from tests.stripe_live.world import World
from webapp.billing.calls import invoices, items

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


def test_an_item_below_nothing_lowers_the_tax_or_is_refused(world: World, payer: str) -> None:
    """Which of the two is the question: credits of a pause and of a downgrade rest on the first."""
    both, alone = billed(world, payer, 100_000, -40_000), billed(world, payer, 60_000)
    assert both.subtotal == alone.subtotal
    assert both.tax == alone.tax
    assert both.total == alone.total
