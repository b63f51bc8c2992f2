"""Credit notes: less to pay on an open invoice; money or credit back on a paid one."""

from typing import Any

from sandbox.stripe.billing import refunds
from sandbox.stripe.billing.collection import default_payment, intent_of, settle
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.ids import new_id
from sandbox.stripe.core.paging import matching, page


@endpoint(
    "credit_note.create",
    "amount credit_amount invoice lines.amount lines.description lines.invoice_line_item "
    "lines.quantity lines.type "
    "lines.unit_amount memo metadata out_of_band_amount reason refund_amount",
)
def create(account: Account, params: Params) -> Document:
    invoice = account.get("invoice", params["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        text = "Credit notes are only for open and paid invoices."
        raise invalid(text, "invoice")
    total = _total(invoice, params)
    note = _note(account, invoice, total, params)
    if invoice["status"] == "open":
        _reduce(account, invoice, total)
    else:
        _give_back(account, invoice, note, params, total)
    account.save(note)
    emit(account, "credit_note.created", note)
    return note


def _total(invoice: Document, params: Params) -> int:
    rows = params.get("lines", [])
    total = params.get("amount", sum(_line_amount(invoice, row) for row in rows))
    credited = (
        invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    )
    most = (
        invoice["amount_remaining"] if invoice["status"] == "open" else invoice["total"] - credited
    )
    if not 0 < total <= most:
        raise invalid(f"The credit note's total must be between 1 and {most}.", "amount")
    return int(total)


def _line_amount(invoice: Document, row: dict[str, Any]) -> int:
    if "amount" in row:
        return int(row["amount"])
    if "unit_amount" in row:
        return int(row["unit_amount"] * row.get("quantity", 1))
    for line in invoice["lines"]["data"]:
        if line["id"] == row.get("invoice_line_item"):
            return int(line["amount"])
    raise invalid("A line needs an amount, a unit amount or the invoice's line.", "lines")


def _note(account: Account, invoice: Document, total: int, params: Params) -> Document:
    paid = invoice["status"] == "paid"
    count = len(account.find("credit_note", invoice=invoice["id"])) + 1
    identifier = new_id("credit_note")
    rows = [
        _row(invoice, x, total)
        for x in params.get("lines", [{"type": "custom_line_item", "amount": total}])
    ]
    return shape(
        "credit_note",
        id=identifier,
        amount=total,
        amount_shipping=0,
        created=account.time_of(invoice),
        currency=invoice["currency"],
        customer=invoice["customer"],
        discount_amount=0,
        discount_amounts=[],
        invoice=invoice["id"],
        lines=listing(rows, f"/v1/credit_notes/{identifier}/lines"),
        livemode=False,
        memo=params.get("memo"),
        metadata=params.get("metadata", {}),
        number=f"{invoice['number']}-CN-{count:02d}",
        pdf=invoice["invoice_pdf"],
        post_payment_amount=total if paid else 0,
        pre_payment_amount=0 if paid else total,
        pretax_credit_amounts=[],
        reason=params.get("reason"),
        refunds=[],
        status="issued",
        subtotal=total,
        subtotal_excluding_tax=total,
        total=total,
        total_excluding_tax=total,
        total_taxes=[],
        type="post_payment" if paid else "pre_payment",
    )


def _row(invoice: Document, given: dict[str, Any], total: int) -> Document:
    amount = total if "amount" in given else _line_amount(invoice, given)
    return shape(
        "credit_note_line_item",
        amount=given.get("amount", amount),
        description=given.get("description"),
        discount_amount=0,
        discount_amounts=[],
        invoice_line_item=given.get("invoice_line_item"),
        livemode=False,
        pretax_credit_amounts=[],
        quantity=given.get("quantity", 1),
        tax_rates=[],
        taxes=[],
        type=given["type"],
        unit_amount=given.get("unit_amount", amount),
    )


def _reduce(account: Account, invoice: Document, total: int) -> None:
    left = invoice["amount_remaining"] - total
    invoice["pre_payment_credit_notes_amount"] += total
    invoice.update(amount_due=left, amount_remaining=left)
    account.save(invoice)
    intent, payment = intent_of(account, invoice), default_payment(account, invoice)
    if left == 0:
        settle(account, invoice, out_of_band=True)
    elif intent is not None and payment is not None:
        change(account, None, intent, amount=left)
        change(account, None, payment, amount_requested=left)


def _give_back(
    account: Account, invoice: Document, note: Document, params: Params, total: int
) -> None:
    """By refund, as credit on the balance, or outside Stripe; the three make the total."""
    shares = [
        params.get(name, 0) for name in ("refund_amount", "credit_amount", "out_of_band_amount")
    ]
    if sum(shares) != total:
        text = f"The sum of refund_amount, credit_amount and out_of_band_amount must be {total}."
        raise invalid(text, "refund_amount")
    to_refund, to_credit, outside = shares
    note["out_of_band_amount"] = outside or None
    if to_refund:
        intent = intent_of(account, invoice)
        made = refunds.refund(
            account,
            refunds.charge_of(account, {"payment_intent": (intent or {}).get("id", "")}),
            to_refund,
        )
        note["refunds"] = [{"amount_refunded": to_refund, "refund": made["id"], "type": "refund"}]
    if to_credit:
        owner = account.get("customer", invoice["customer"])
        change(account, "customer.updated", owner, balance=owner["balance"] - to_credit)
    invoice["post_payment_credit_notes_amount"] += total
    account.save(invoice)


@endpoint("credit_note.retrieve")
def retrieve(account: Account, params: Params, note: str) -> Document:
    return account.get("credit_note", note)


@endpoint("credit_note.list", "created customer invoice limit starting_after ending_before")
def list_all(account: Account, params: Params) -> Document:
    rows = matching(account.find("credit_note"), params, "customer", "invoice")
    return page(rows, params, "/v1/credit_notes")
