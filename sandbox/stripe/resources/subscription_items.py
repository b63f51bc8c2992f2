"""Subscription items, which live inside their subscription."""

from sandbox.stripe.billing.agenda import items_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.paging import page
from sandbox.stripe.resources.subscriptions import apply_update


@endpoint("subscription_item.list", "limit starting_after ending_before subscription")
def list_all(account: Account, params: Params) -> Document:
    subscription = account.get("subscription", params["subscription"], "subscription")
    return page(items_of(subscription), params, "/v1/subscription_items")


@endpoint(
    "subscription_item.create",
    "metadata price price_data proration_behavior proration_date quantity subscription",
)
def create(account: Account, params: Params) -> Document:
    subscription = account.get("subscription", params.pop("subscription"), "subscription")
    apply_update(account, subscription, _settled(params) | {"items": [params]})
    return items_of(subscription)[-1]


@endpoint("subscription_item.delete", "proration_behavior proration_date")
def delete(account: Account, params: Params, item: str) -> Document:
    subscription, _ = _find(account, item)
    gone = {"id": item, "deleted": True}
    apply_update(account, subscription, _settled(params) | {"items": [gone]})
    return gone | {"object": "subscription_item"}


def _settled(params: Params) -> Params:
    """Takes out what says how the change is settled."""
    names = ("proration_behavior", "proration_date")
    return {name: params.pop(name) for name in names if name in params}


@endpoint("subscription_item.retrieve")
def retrieve(account: Account, params: Params, item: str) -> Document:
    return _find(account, item)[1]


@endpoint(
    "subscription_item.update",
    "metadata price price_data proration_behavior proration_date quantity",
)
def update(account: Account, params: Params, item: str) -> Document:
    subscription, _ = _find(account, item)
    apply_update(account, subscription, _settled(params) | {"items": [params | {"id": item}]})
    return _find(account, item)[1]


def _find(account: Account, item: str) -> tuple[Document, Document]:
    for subscription in account.find("subscription"):
        for row in items_of(subscription):
            if row["id"] == item:
                return subscription, row
    raise missing("subscription_item", item, "id")
