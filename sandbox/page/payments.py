"""The Stripe stand-in's books: customers, subscriptions, invoices, webhook events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from sandbox.timemachine.stand_in import StandIn, StandInDown, instant
from webapp.money import Money

blueprint = Blueprint("payments", __name__)
Document = Mapping[str, Any]
MOST_DELIVERIES = 50


@dataclass(frozen=True)
class Row:
    """One line of a table; ``url`` leads to the stand-in's own page, where it has one."""

    name: str
    state: str
    detail: str
    at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True)
class Section:
    """One table; ``detail`` heads its last column."""

    title: str
    detail: str
    rows: Sequence[Row]

    @property
    def columns(self) -> list[str]:
        when = ["When"] if self.dated else []
        return [self.title.rstrip("s"), "State", *when, self.detail]

    @property
    def dated(self) -> bool:
        return any(row.at for row in self.rows)


def stand_in() -> StandIn:
    found: StandIn = current_app.extensions["stand_in"]
    return found


@blueprint.get("/payments")
def books() -> ResponseReturnValue:
    try:
        return render_template("payments.html", sections=sections(stand_in()))
    except StandInDown as error:
        return render_template("payments_down.html", error=error), 503


def sections(books: StandIn) -> list[Section]:
    customers = map(customer, books.objects("customer"))
    subscriptions = map(subscription, books.objects("subscription"))
    invoices = map(invoice, books.objects("invoice"))
    deliveries = map(delivery, books.webhooks()[:MOST_DELIVERIES])
    return [
        Section("Customers", "E-mail", list(customers)),
        Section("Subscriptions", "Price", list(subscriptions)),
        Section("Invoices", "Total", list(invoices)),
        Section("Webhooks", "Answer", list(deliveries)),
    ]


def customer(found: Document) -> Row:
    state = "past_due" if found.get("delinquent") else "active"
    name = found.get("name") or found["id"]
    return Row(name, state, found.get("email") or "", instant(found["created"]))


def subscription(found: Document) -> Row:
    prices = [item["price"] for item in found["items"]["data"]]
    each = ", ".join(amount(price["unit_amount"] or 0, price["currency"]) for price in prices)
    return Row(found["id"], found["status"], each, instant(found["created"]))


def invoice(found: Document) -> Row:
    return Row(
        name=found.get("number") or found["id"],
        state=found["status"],
        detail=amount(found["total"], found["currency"]),
        at=instant(found["created"]),
        url=found.get("hosted_invoice_url"),
    )


def delivery(found: Document) -> Row:
    tries = found["attempts"]
    again = f" after {tries} tries" if tries > 1 else ""
    return Row(found["type"], found["state"], f"{found['answer'] or 'not sent yet'}{again}")


def amount(minor: int, currency: str) -> str:
    return Money(minor, currency.upper()).format()
