"""Products: each made once, under an id of our own."""

from __future__ import annotations

from webapp.billing.models.product import Product
from webapp.billing.objects.product import ProductFacts
from webapp.billing.stripe_gateway import Exists, ask, live
from webapp.catalog.models import Offering


def ensure(kind: str, offering: Offering | None = None) -> str:
    """The id of the product for this kind of line, made if Stripe has none yet.

    For jobs. A page that a person waits for asks `missing` first and `make` with no transaction
    open.
    """
    facts = ProductFacts.of(kind, offering)
    for one in missing([facts]):
        make(one)
        note([one])
    return facts.stripe_id


def missing(wanted: list[ProductFacts]) -> list[ProductFacts]:
    """Those that Stripe does not have, or has by an older name, as far as we know."""
    return [facts for facts in wanted if not Product.known(facts, live())]


def note(made: list[ProductFacts]) -> None:
    """Remember them, in the order of their ids: two at once never wait for each other in a ring."""
    for facts in sorted(made, key=lambda one: one.stripe_id):
        Product.note(facts, live())


def make(facts: ProductFacts) -> None:
    """However often, and by however many at once: the id is ours, so there is one."""
    named = {"name": facts.name, "active": True}
    made = {"id": facts.stripe_id, "tax_code": facts.tax_code, "metadata": {"kind": facts.kind}}
    try:
        ask(lambda v1: v1.products.create(made | named))
    except Exists:
        ask(lambda v1: v1.products.update(facts.stripe_id, named))
