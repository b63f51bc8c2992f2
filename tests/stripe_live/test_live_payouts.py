"""Consultants' accounts at Stripe. Transfers need an account that has been through onboarding,
which only a person can do: STRIPE_TEST_ACCOUNT names one (Express, of the same test mode)."""

import os

import pytest

from tests.stripe_live.world import World
from webapp.billing.calls import accounts, charges, transfers
from webapp.billing.stripe_gateway import Bug, NotEnabled


@pytest.fixture
def payee() -> str:
    found = os.environ.get("STRIPE_TEST_ACCOUNT", "")
    if not found:
        pytest.skip("set STRIPE_TEST_ACCOUNT to an onboarded Express account (docs/stripe.md)")
    return found


def charged(world: World) -> tuple[str, str]:
    """A paid first invoice's charge and its transfer group."""
    first = world.latest(world.retainer(world.customer()))
    [charge] = charges.that_paid(first.id)
    return charge.id, f"righthand {world.run}"


def test_a_new_account_is_not_enabled_and_gets_a_link(world: World) -> None:
    made = accounts.make(world.run, "consultant@example.com", "US", world.key())
    try:
        assert not made.transfers_active and made.requirements
        url = accounts.onboarding_url(made.id, "https://example.com/b", "https://example.com/r")
        assert url.startswith("http")
        charge, _ = charged(world)
        params = {"amount": 100, "currency": "usd", "destination": made.id}
        with pytest.raises(NotEnabled):
            transfers.make(params | {"source_transaction": charge}, world.key())
    finally:
        world.v1.accounts.delete(made.id)


def test_a_transfer_is_bound_to_its_payment_and_called_back(world: World, payee: str) -> None:
    charge, group = charged(world)
    params = {
        "currency": "usd",
        "destination": payee,
        "source_transaction": charge,
        "transfer_group": group,
        "metadata": {"transfer": world.run},
    }
    sent = transfers.make(params | {"amount": 300_000}, world.key())
    assert sent.source == charge
    found = transfers.find(group, world.run)
    assert found is not None and found.id == sent.id
    with pytest.raises(Bug):
        transfers.make(params | {"amount": 300_001}, world.key())
    transfers.reverse(sent.id, 100_000, {"refund": world.run}, world.key())
    assert transfers.read(sent.id).reversed.minor == 100_000
    with pytest.raises(Bug):
        transfers.reverse(sent.id, 200_001, {"refund": world.run}, world.key())
    transfers.reverse(sent.id, 200_000, {"refund": world.run}, world.key())
    assert [one.amount.minor for one in transfers.reversals_of(sent.id)] == [200_000, 100_000]
