"""The Stripe stand-in's books: who pays, by what, for what; what came of it; webhook events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sandbox.page import doings
from sandbox.page.books import stand_in
from sandbox.page.doings import Doing
from sandbox.timemachine.stand_in import StandIn, StandInDown, instant
from webapp.money import Money

blueprint = Blueprint("payments", __name__)
Document = Mapping[str, Any]
MOST_DELIVERIES = 50


@dataclass(frozen=True)
class Row:
    """One line of a table; ``url`` leads to the stand-in's own page, where it has one.

    ``note`` stands small under the name: the id, where the name is not it. ``doings`` are the
    buttons of what others may do to it.
    """

    name: str
    state: str
    detail: str
    at: datetime | None = None
    url: str | None = None
    note: str = ""
    doings: tuple[Doing, ...] = ()


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
        last = ["What others do"] if self.doable else []
        return [self.title.rstrip("s"), "State", *when, self.detail, *last]

    @property
    def doable(self) -> bool:
        return any(row.doings for row in self.rows)

    @property
    def dated(self) -> bool:
        return any(row.at for row in self.rows)


@blueprint.get("/payments")
def books() -> ResponseReturnValue:
    try:
        return render_template("payments.html", sections=sections(stand_in()))
    except StandInDown as error:
        return render_template("payments_down.html", error=error), 503


def sections(books: StandIn) -> list[Section]:
    customers = map(customer, books.objects("customer"))
    names = {found["id"]: called(found) for found in books.objects("customer")}
    methods = [found for found in books.objects("payment_method") if found["customer"]]
    debits = [found for found in books.objects("payment_intent") if found["status"] == "processing"]
    subscriptions = (subscription(s, names) for s in books.objects("subscription"))
    invoices = map(invoice, books.objects("invoice"))
    sent = books.webhooks()
    deliveries = map(delivery, sent[:MOST_DELIVERIES])
    return [
        Section("Customers", "E-mail", list(customers)),
        Section("Cards", "Expires", [card(m, names) for m in methods if m["type"] == "card"]),
        Section("Bank debits under way", "Amount", [debit(found, names) for found in debits]),
        Section("Subscriptions", "Price", list(subscriptions)),
        Section("Invoices", "Total", list(invoices)),
        Section("Charges", "Amount", [charge(found, names) for found in books.objects("charge")]),
        Section("Disputes", "Amount", [dispute(found) for found in books.objects("dispute")]),
        Section(
            "Consultants’ accounts",
            "E-mail",
            [account(found) for found in books.objects("account")],
        ),
        Section("Webhooks", "Answer", list(deliveries), len(sent)),
    ]


def customer(found: Document) -> Row:
    state = "past_due" if found.get("delinquent") else "active"
    return Row(called(found), state, found.get("email") or "", instant(found["created"]))


def card(found: Document, names: Mapping[str, str]) -> Row:
    shown = found["card"]
    return Row(
        f"{shown['brand'].capitalize()} ending {shown['last4']}",
        "active",
        f"{shown['exp_month']:02}/{shown['exp_year']}",
        note=names.get(found["customer"], found["customer"]),
        doings=doings.of_card(found),
    )


def debit(found: Document, names: Mapping[str, str]) -> Row:
    """A payment from a bank account, which takes days."""
    whose = names.get(found["customer"], found["id"])
    money = amount(found["amount"], found["currency"])
    return Row(whose, found["status"], money, instant(found["created"]), note=found["id"],
               doings=doings.of_debit(found))  # fmt: skip


def charge(found: Document, names: Mapping[str, str]) -> Row:
    whose = names.get(found["customer"], found["id"])
    state = (
        "disputed" if found["disputed"] else "refunded" if found["refunded"] else found["status"]
    )
    money = amount(found["amount"], found["currency"])
    return Row(whose, state, money, instant(found["created"]), note=found["id"],
               doings=doings.of_charge(found))  # fmt: skip


def dispute(found: Document) -> Row:
    return Row(
        found["reason"].replace("_", " ").capitalize(),
        found["status"],
        amount(found["amount"], found["currency"]),
        instant(found["created"]),
        note=found["id"],
        doings=doings.of_dispute(found),
    )


def account(found: Document) -> Row:
    state = "active" if found["payouts_enabled"] else "incomplete"
    return Row(found["id"], state, found.get("email") or "", doings=doings.of_account(found))


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
