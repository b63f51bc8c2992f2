"""The Stripe stand-in's books: customers, subscriptions, invoices, webhook events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from sandbox.timemachine.stand_in import StandIn, StandInDown, instant
from webapp.money import Money

blueprint = Blueprint("payments", __name__)
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of a table; ``url`` leads to the stand-in's own page, where it has one."""

    name: str
    state: str
    at: datetime
    detail: str
    url: str | None = None


@dataclass(frozen=True)
class Section:
    """One table; ``columns`` are its headings, ``empty`` says when there will be something."""

    title: str
    detail: str
    empty: str
    rows: Sequence[Row]

    @property
    def columns(self) -> list[str]:
        return [self.title.rstrip("s"), "State", "When", self.detail]


def stand_in() -> StandIn:
    found: StandIn = current_app.extensions["stand_in"]
    return found


@blueprint.get("/payments")
def books() -> ResponseReturnValue:
    try:
        objects, webhooks = stand_in().objects(), stand_in().webhooks()
    except StandInDown as error:
        return render_template("payments_down.html", error=error), 503
    return render_template("payments.html", sections=sections(objects, webhooks))


def sections(objects: Document, webhooks: Document) -> list[Section]:
    first = "A booking that is paid makes the first one."
    return [
        Section("Customers", "E-mail", first, rows(objects, "customers", customer)),
        Section("Subscriptions", "Price", first, rows(objects, "subscriptions", subscription)),
        Section("Invoices", "Total", first, rows(objects, "invoices", invoice)),
        Section("Webhooks", "Answer", first, rows(webhooks, "deliveries", delivery)),
    ]


def rows(found: Document, name: str, read: Callable[[Document], Row]) -> list[Row]:
    """Newest first."""
    return [read(document) for document in reversed(found.get(name, []))]


def customer(found: Document) -> Row:
    state = "past_due" if found.get("delinquent") else "active"
    name = found.get("name") or found["id"]
    return Row(name, state, instant(found["created"]), found.get("email") or "")


def subscription(found: Document) -> Row:
    prices = [item["price"] for item in found["items"]["data"]]
    each = ", ".join(amount(price["unit_amount"] or 0, price["currency"]) for price in prices)
    return Row(found["id"], found["status"], instant(found["created"]), each)


def invoice(found: Document) -> Row:
    return Row(
        name=found.get("number") or found["id"],
        state=found["status"],
        at=instant(found["created"]),
        detail=amount(found["total"], found["currency"]),
        url=found.get("hosted_invoice_url"),
    )


def delivery(found: Document) -> Row:
    answer = f"{found.get('answer') or 'not sent yet'}, {found.get('attempts', 0)} tries"
    return Row(found["type"], found["state"], instant(found["created"]), answer)


def amount(minor: int, currency: str) -> str:
    return Money(minor, currency.upper()).format()
