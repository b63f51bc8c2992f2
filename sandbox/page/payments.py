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
    """One line of a table; ``url`` leads to the stand-in's own page, where it has one.

    ``note`` stands small under the name: the id, where the name is not it.
    """

    name: str
    state: str
    detail: str
    at: datetime | None = None
    url: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One table; ``detail`` heads its last column; ``total`` when not all rows are shown."""

    title: str
    detail: str
    rows: Sequence[Row]
    total: int = 0

    @property
    def caption(self) -> str:
        shown = len(self.rows)
        return f"The latest {shown} of {self.total}" if self.total > shown else f"{shown} in all"

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
    names = {found["id"]: called(found) for found in books.objects("customer")}
    subscriptions = (subscription(s, names) for s in books.objects("subscription"))
    invoices = map(invoice, books.objects("invoice"))
    sent = books.webhooks()
    deliveries = map(delivery, sent[:MOST_DELIVERIES])
    return [
        Section("Customers", "E-mail", list(customers)),
        Section("Subscriptions", "Price", list(subscriptions)),
        Section("Invoices", "Total", list(invoices)),
        Section("Webhooks", "Answer", list(deliveries), len(sent)),
    ]


def customer(found: Document) -> Row:
    state = "past_due" if found.get("delinquent") else "active"
    return Row(called(found), state, found.get("email") or "", instant(found["created"]))


def called(customer: Document) -> str:
    return str(customer.get("name") or customer["id"])


def subscription(found: Document, names: Mapping[str, str]) -> Row:
    """Named after whose it is."""
    prices = [item["price"] for item in found["items"]["data"]]
    each = ", ".join(amount(price["unit_amount"] or 0, price["currency"]) for price in prices)
    whose = names.get(found["customer"], found["customer"])
    return Row(whose, found["status"], each, instant(found["created"]), note=found["id"])


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
    answer = f"{found['answer'] or 'not sent yet'}{again}"
    at = instant(found["created"])
    return Row(found["type"], found["state"], answer, at, note=found["event"])


def amount(minor: int, currency: str) -> str:
    return Money(minor, currency.upper()).format()
