"""Rows of payments that are shared: made, given back, and paid from credit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from flask import Flask

from tests import make
from webapp import clock
from webapp.billing.models import (
    BalanceEntry,
    ConnectedAccount,
    Credit,
    CreditNote,
    Customer,
    Invoice,
    Payment,
    Refund,
    Transfer,
)
from webapp.billing.paying_out import planning
from webapp.db import session
from webapp.engagements.models import Assignment


@pytest.fixture
def paid_invoice(app: Flask) -> Callable[[int, int, Sequence[int]], Invoice]:
    def make_one(paid: int, deposit: int, percents: Sequence[int]) -> Invoice:
        engagement = make.engagement("active")
        [lead] = engagement.assignments
        lead.share_percent = percents[0]
        for percent in percents[1:]:
            make.saved(
                Assignment(engagement=engagement, consultant=make.consultant(), leads=False,
                           share_percent=percent)
            )  # fmt: skip
        amounts = {"retainer": paid - deposit, "deposit": deposit}
        lines = [
            {"text": kind, "minor": minor, "kind": kind, "item": None}
            for kind, minor in amounts.items()
        ]
        name, now = f"in_{engagement.id.hex}", clock.now()
        invoice = Invoice(
            engagement=engagement, stripe_id=name, status="paid", currency="USD", lines=lines,
            total_minor=paid, paid_minor=paid, due_minor=0, issued_at=now, paid_at=now,
            livemode=False, synced_at=now, tax_minor=0, out_of_band=False,
        )  # fmt: skip
        make.saved(invoice)
        make.saved(
            Payment(invoice=invoice, stripe_id=f"ch_{engagement.id.hex}", payment_intent="pi",
                    method="card", amount_minor=paid, currency="USD", fee_minor=paid // 40,
                    net_minor=paid - paid // 40, settled_currency="USD", paid_at=now,
                    livemode=False, synced_at=now)
        )  # fmt: skip
        planning.share_out(invoice.id)
        return invoice

    return make_one


def give(invoice: Invoice, minor: int) -> Refund:
    made = Refund(invoice=invoice, idempotency_key=f"refund:{invoice.id}:{len(invoice.refunds)}",
                  amount_minor=minor, currency="USD", reason="requested", state="succeeded",
                  faults=0)  # fmt: skip
    make.saved(made)
    planning.settle(invoice.id, f"refund:{made.id}")
    return made


def rows_of(invoice: Invoice) -> list[Transfer]:
    session.flush()
    return Transfer.of(invoice.id)


def send_all(invoice: Invoice) -> None:
    for row in rows_of(invoice):
        if row.unsent and row.standing > 0:
            row.state, row.amount_minor, row.reason = "sent", row.standing, ""
    session.flush()


def later_invoice(first: Invoice, **values: object) -> Invoice:
    """Another invoice of the same engagement, shared out."""
    now = clock.now()
    defaults = {"total_minor": 0, "paid_minor": 0, "tax_minor": 0, "out_of_band": False,
                "lines": []}  # fmt: skip
    made: Invoice = make.saved(
        Invoice(engagement=first.engagement, stripe_id=f"in_later_{first.id.hex}", status="paid",
                currency="USD", due_minor=0, issued_at=now, paid_at=now, livemode=False,
                synced_at=now, **(defaults | values))
    )  # fmt: skip
    planning.share_out(made.id)
    return made


def line(kind: str, minor: int) -> dict[str, object]:
    return {"text": kind, "minor": minor, "kind": kind, "item": None}


def enable(row: Transfer) -> None:
    make.saved(
        ConnectedAccount(consultant_id=row.consultant_id, stripe_id=f"acct_{row.id.hex}",
                         payouts_enabled=True, transfers_active=True, requirements=[])
    )  # fmt: skip


def credited(first: Invoice, kind: str, minor: int, whole: int = 0) -> CreditNote:
    """A credit note of ours on its only line of that kind; whole: with tax, where it had some."""
    credit = make.saved(
        Credit(engagement=first.engagement, key=f"{kind}:{minor}", label=kind, amount_minor=minor,
               kind="deposit" if kind == "deposit" else "pause", short_minor=0, currency="USD",
               state="placed")
    )  # fmt: skip
    note: CreditNote = make.saved(
        CreditNote(invoice=first, credit=credit, idempotency_key=credit.key, means="credit",
                   stripe_id=f"cn_{kind}_{minor}", amount_minor=whole or minor, currency="USD",
                   lines=[{"id": "il_1", "minor": minor, "net": minor}], state="issued")
    )  # fmt: skip
    moved(first, whole or minor, note=note.stripe_id or "")
    planning.settle(first.id, f"credit_note:{note.id}")
    return note


def moved(invoice: Invoice, minor: int, note: str = "", used_by: str = "") -> None:
    """An entry of the client's balance."""
    company_id, now = invoice.engagement.company_id, clock.now()
    assert company_id
    Customer.note(company_id, f"cus_{company_id.hex}", livemode=False)
    customer = Customer.of(company_id)
    assert customer
    number = len(BalanceEntry.known(customer.id)) + 1
    make.saved(
        BalanceEntry(customer_id=customer.id, stripe_id=f"cbtxn_{number}", kind="x", number=number,
                     credit_minor=minor, currency="USD", stripe_note=note, stripe_invoice=used_by,
                     made_at=now)
    )  # fmt: skip


def paid_from_credit(first: Invoice, total: int, credit: int) -> Invoice:
    """A later invoice for work that the client's credit paid, or a part of it."""
    moved(first, -credit, used_by=f"in_later_{first.id.hex}")
    return later_invoice(first, lines=[line("retainer", total)], total_minor=total,
                         paid_minor=total - credit, balance_applied_minor=credit)  # fmt: skip
