"""Products with ids of our own: each is made once, whoever asks and whatever is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.standin import StandIn
from webapp.billing.calls import products
from webapp.billing.models import Product
from webapp.billing.objects.product import KINDS, ProductFacts, kind_of
from webapp.db import session
from webapp.outbox import RetryLater


def made(stripe: StandIn, stripe_id: str) -> list[str]:
    return [one["name"] for one in stripe.objects("product") if one["id"] == stripe_id]


def known() -> list[tuple[str, str]]:
    session.rollback()
    return [(row.stripe_id, row.name) for row in session.scalars(select(Product))]


def creations(stripe: StandIn) -> int:
    return sum(call["method"] == "POST" for call in stripe.calls("/v1/products"))


def test_product_is_made_once_and_remembered(stripe: StandIn) -> None:
    offered = make.offering(name="COO, two days a month")
    session.commit()
    wanted = f"rh_retainer_{offered.id}"
    assert products.ensure("retainer", offered) == wanted
    session.commit()
    before = creations(stripe)
    assert products.ensure("retainer", offered) == wanted
    assert creations(stripe) == before
    assert made(stripe, wanted) == ["COO, two days a month"]
    assert known() == [(wanted, "COO, two days a month")]


def test_ten_at_once_make_one_product(app: Flask, stripe: StandIn) -> None:
    offered = make.offering()
    session.commit()
    wanted, offering_id = f"rh_first_month_{offered.id}", offered.id

    def ask(_: int) -> str:
        with app.app_context():
            try:
                found = products.ensure("first_month", session.get_one(type(offered), offering_id))
                session.commit()
                return found
            finally:
                session.remove()

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(ask, range(10))) == {wanted}
    assert len(made(stripe, wanted)) == len(known()) == 1


@pytest.mark.parametrize("kind", ["lost_response", "500"])
def test_answer_that_was_lost_leaves_one_product(stripe: StandIn, kind: str) -> None:
    offered = make.offering()
    session.commit()
    stripe.fault("POST /v1/products", kind, times=3)
    try:
        products.ensure("retainer", offered)
    except RetryLater:
        session.rollback()
        products.ensure("retainer", offered)
    session.commit()
    assert len(made(stripe, f"rh_retainer_{offered.id}")) == 1


def test_crash_before_our_commit_finds_the_product_again(stripe: StandIn) -> None:
    offered = make.offering()
    session.commit()
    products.ensure("retainer", offered)
    session.rollback()
    assert known() == []
    products.ensure("retainer", offered)
    session.commit()
    assert len(made(stripe, f"rh_retainer_{offered.id}")) == len(known()) == 1


def test_product_follows_the_offerings_name(stripe: StandIn) -> None:
    offered = make.offering(name="COO, part of the time")
    session.commit()
    stripe_id = products.ensure("retainer", offered)
    offered.name = "COO, four days a month"
    products.ensure("retainer", offered)
    session.commit()
    assert made(stripe, stripe_id) == ["COO, four days a month"]
    assert known() == [(stripe_id, "COO, four days a month")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_tells_its_kind(app: Flask, kind: str) -> None:
    offered = make.offering()
    for facts in (ProductFacts.of(kind), ProductFacts.of(kind, offered)):
        assert kind_of(facts.stripe_id) == kind
        assert facts.name


@pytest.mark.parametrize("foreign", [None, "", "prod_QxZ", "rh_other_all", "rh_deposit_all2"])
def test_products_of_others_have_no_kind_here(foreign: str | None) -> None:
    assert kind_of(foreign) is None
