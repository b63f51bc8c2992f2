"""Test clocks: a timeline of their own for the customers created on them."""

from sandbox.stripe.billing.customers import delete_customer
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.paging import page
from sandbox.stripe.core.schedule import advance

_KIND = "test_helpers.test_clock"
LIFETIME = 30 * 86400


@endpoint("test_helpers.test_clock.create", "frozen_time name")
def create(account: Account, params: Params) -> Document:
    now = account.now()
    clock = shape(
        _KIND,
        created=now,
        deletes_after=now + LIFETIME,
        frozen_time=params["frozen_time"],
        livemode=False,
        name=params.get("name"),
        status="ready",
        status_details={},
    )
    account.save(clock)
    emit(account, f"{_KIND}.created", clock)
    return clock


@endpoint("test_helpers.test_clock.retrieve")
def retrieve(account: Account, params: Params, clock: str) -> Document:
    return account.get(_KIND, clock)


@endpoint("test_helpers.test_clock.list", "limit starting_after ending_before")
def list_all(account: Account, params: Params) -> Document:
    return page(account.find(_KIND), params, "/v1/test_helpers/test_clocks")


@endpoint("test_helpers.test_clock.advance", "frozen_time")
def advance_clock(account: Account, params: Params, clock: str) -> Document:
    """Does the whole advance before it answers, and still answers ``advancing``, as Stripe does:
    whoever asks next finds the clock ready."""
    found, to = account.get(_KIND, clock), params["frozen_time"]
    if to <= found["frozen_time"]:
        raise invalid("A test clock can only be advanced, not turned back.", "frozen_time")
    emit(account, f"{_KIND}.advancing", found | _advancing(to))
    advance(account, to, clock)
    found = account.get(_KIND, clock)
    emit(account, f"{_KIND}.ready", found)
    return found | _advancing(to)


def _advancing(to: int) -> Document:
    return {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": to}}}


@endpoint("test_helpers.test_clock.delete")
def delete(account: Account, params: Params, clock: str) -> Document:
    found = account.get(_KIND, clock)
    for customer in account.find("customer", test_clock=clock):
        delete_customer(account, customer)
    account.store.remove(clock)
    emit(account, f"{_KIND}.deleted", found)
    return {"id": clock, "object": _KIND, "deleted": True}
