"""Credit notes: less to pay of what is open, money or credit back for what was paid.

Source: https://docs.stripe.com/api/credit_notes/create: a note first lowers what remains of the
invoice, never below nothing (``pre_payment_amount``); what is left of it (``post_payment_amount``)
must be made up by refunds, credit on the customer's balance and what is given back outside Stripe.
``amount`` and the total contain the tax, which is credited in proportion
(https://docs.stripe.com/tax/invoicing/refunds); lines are given without it.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.stripe.billing import balances, refunds
from sandbox.stripe.billing.collection import default_payment, intent_of, settle
from sandbox.stripe.billing.money import rounded
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, private, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.ids import new_id, random_text


class Part(NamedTuple):
    """One line to be credited: before discount and tax, what a discount had taken off of it, and
    the tax on the rest by the invoice's tax entries."""

    gross: int
    discount: int
    taxes: list[dict[str, Any]]
    given: dict[str, Any]

    @property
    def net(self) -> int:
        return self.gross - self.discount

    @property
    def total(self) -> int:
        added = (t["amount"] for t in self.taxes if t["tax_behavior"] == "exclusive")
        return self.net + int(sum(added))


def foresee(account: Account, invoice: Document, params: dict[str, Any]) -> Document:
    """The note that would be issued. One that does not say where the money goes is previewed all
    the same (a guess: no page tells), since its total, with tax, is what one asks it for."""
    given = _shares(params) or params.get("refunds")
    total = sum(part.total for part in _parts(invoice, params))
    unsaid = {} if given else {"credit_amount": max(total - invoice["amount_remaining"], 0)}
    return issue(account, invoice, params | unsaid)


def issue(account: Account, invoice: Document, params: dict[str, Any]) -> Document:
    """Credit an open or a paid invoice."""
    if invoice["status"] not in ("open", "paid"):
        raise invalid("Credit notes are only for invoices that are open or paid.", "invoice")
    parts = _parts(invoice, params)
    total = sum(part.total for part in parts)
    before = min(total, invoice["amount_remaining"])
    _check(account, invoice, total, params)
    _remember(invoice, parts)
    note = _note(account, invoice, parts, before, params)
    if before:
        _reduce(account, invoice, before)
    _give_back(account, invoice, note, params)
    account.save(note)
    emit(account, "credit_note.created", note)
    return note


def _parts(invoice: Document, params: dict[str, Any]) -> list[Part]:
    if "lines" in params:
        return [_line(invoice, given) for given in params["lines"]]
    whole = invoice["total"] or 1
    amount = int(params.get("amount") or _shares(params))
    taxes = [_share(t, Decimal(amount) / whole) for t in invoice["total_taxes"]]
    added = sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")
    return [Part(amount - added, 0, taxes, {"type": "custom_line_item"})]


def _shares(params: dict[str, Any]) -> int:
    names = ("refund_amount", "credit_amount", "out_of_band_amount")
    return sum(params.get(name, 0) for name in names)


def _share(tax: dict[str, Any], part: Decimal) -> dict[str, Any]:
    names = ("amount", "taxable_amount")
    return tax | {name: rounded((tax[name] or 0) * part) for name in names}


def _line(invoice: Document, given: dict[str, Any]) -> Part:
    rows = {row["id"]: row for row in invoice["lines"]["data"]}
    row = rows.get(given.get("invoice_line_item", ""))
    if given["type"] == "invoice_line_item" and row is None:
        raise invalid("No such invoice line item.", "lines[invoice_line_item]", "resource_missing")
    gross = _amount(given, row)
    whole = row["amount"] if row else 0
    if row is None or not whole:
        return Part(gross, 0, [], given)
    _check_line(invoice, row, gross)
    part = Decimal(gross) / whole
    discount = sum(one["amount"] for one in row["discount_amounts"])
    taxes = [_share(tax, part) for tax in row["taxes"]]
    return Part(gross, rounded(discount * part), taxes, given)


def _check_line(invoice: Document, row: dict[str, Any], gross: int) -> None:
    """No more than what no note has credited of the line yet."""
    before = private(invoice).get("credited", {}).get(row["id"], 0)
    if not 0 < gross <= row["amount"] - before:
        raise invalid(f"At most {row['amount'] - before} of this line can be credited.", "lines")


def _remember(invoice: Document, parts: list[Part]) -> None:
    credited = private(invoice).setdefault("credited", {})
    for part in parts:
        row = part.given.get("invoice_line_item")
        if row:
            credited[row] = credited.get(row, 0) + part.gross


def _amount(given: dict[str, Any], row: dict[str, Any] | None) -> int:
    if "amount" in given:
        return int(given["amount"])
    unit = given.get("unit_amount_decimal", given.get("unit_amount"))
    if unit is not None:
        return rounded(Decimal(unit) * given.get("quantity", 1))
    if row is None:
        raise invalid("A line needs an amount, a unit amount or the invoice's line.", "lines")
    count = Decimal(row["quantity_decimal"])
    return rounded(row["amount"] * Decimal(given.get("quantity", count)) / count)


def _check(account: Account, invoice: Document, total: int, params: dict[str, Any]) -> None:
    names = ("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount")
    notes = sum(invoice[name] for name in names)
    most = invoice["total"] - notes - _refunded_without_note(account, invoice, params)
    if not 0 < total <= most:
        raise invalid(f"The credit note's total must be between 1 and {most}.", "amount")


def _refunded_without_note(account: Account, invoice: Document, params: dict[str, Any]) -> int:
    """Refunds through the Refund API lower what notes may come to, except those that a note names
    (a guess: else no note could name the refund of a whole invoice)."""
    notes = account.find("credit_note", invoice=invoice["id"])
    linked = [one for note in notes for one in note["refunds"]] + params.get("refunds", [])
    named = {one.get("refund") for one in linked}
    payment = (intent_of(account, invoice) or {}).get("id")
    made = account.find("refund", payment_intent=payment) if payment else []
    bare = (one for one in made if one["id"] not in named)
    return sum(one["amount"] for one in bare if one["status"] in ("pending", "succeeded"))


def _note(
    account: Account, invoice: Document, parts: list[Part], before: int, params: dict[str, Any]
) -> Document:
    identifier, token = new_id("credit_note"), random_text(24)
    total, net = sum(part.total for part in parts), sum(part.net for part in parts)
    count = len(account.find("credit_note", invoice=invoice["id"])) + 1
    kinds = {(True, False): "pre_payment", (False, True): "post_payment"}
    note = shape(
        "credit_note",
        id=identifier,
        amount=total,
        amount_shipping=0,
        created=account.time_of(invoice),
        currency=invoice["currency"],
        customer=invoice["customer"],
        discount_amount=sum(part.discount for part in parts),
        discount_amounts=[],
        effective_at=params.get("effective_at", account.time_of(invoice)),
        invoice=invoice["id"],
        lines=listing([_row(p) for p in parts], f"/v1/credit_notes/{identifier}/lines"),
        livemode=False,
        memo=params.get("memo"),
        metadata=params.get("metadata", {}),
        number=f"{invoice['number']}-CN-{count:02d}",
        pdf=f"{account.origin}/cn/{identifier}/{token}/pdf",
        post_payment_amount=total - before,
        pre_payment_amount=before,
        pretax_credit_amounts=[],
        reason=params.get("reason"),
        refunds=[],
        status="issued",
        subtotal=sum(part.gross for part in parts),
        subtotal_excluding_tax=sum(part.gross for part in parts),
        total=total,
        total_excluding_tax=net,
        total_taxes=[tax for part in parts for tax in part.taxes],
        type=kinds.get((before > 0, total > before), "mixed"),
    )
    private(note)["token"] = token
    return note


def _row(part: Part) -> Document:
    given = part.given
    return shape(
        "credit_note_line_item",
        amount=part.gross,
        description=given.get("description"),
        discount_amount=part.discount,
        discount_amounts=[],
        invoice_line_item=given.get("invoice_line_item"),
        livemode=False,
        metadata=given.get("metadata", {}),
        pretax_credit_amounts=[],
        quantity=given.get("quantity", 1),
        tax_rates=[],
        taxes=part.taxes,
        type=given["type"],
        unit_amount=given.get("unit_amount", part.gross),
    )


def _reduce(account: Account, invoice: Document, amount: int) -> None:
    left = invoice["amount_remaining"] - amount
    invoice["pre_payment_credit_notes_amount"] += amount
    owed(account, invoice, left)
    if left == 0 and invoice["status"] == "open":
        settle(account, invoice, out_of_band=True)


def owed(account: Account, invoice: Document, left: int) -> None:
    """Ask for this much from now on."""
    invoice.update(amount_due=left, amount_remaining=left)
    account.save(invoice)
    intent, payment = intent_of(account, invoice), default_payment(account, invoice)
    if left and intent is not None and payment is not None:
        change(account, None, intent, amount=left)
        change(account, None, payment, amount_requested=left)


def _give_back(account: Account, invoice: Document, note: Document, params: dict[str, Any]) -> None:
    """Refunds, credit on the balance and what goes outside make up what was paid too much."""
    known = params.get("refunds", [])
    linked = [_linked(account, one) for one in known]
    shares = _shares(params) + sum(one["amount_refunded"] for one in linked)
    if shares != note["post_payment_amount"]:
        text = (
            "The sum of credit amount, refund amount and out of band amount must equal the "
            f"credit note's post payment amount ({note['post_payment_amount']})."
        )
        raise invalid(text, "refund_amount")
    note["out_of_band_amount"] = params.get("out_of_band_amount")
    note["refunds"] = linked + _refunded(account, invoice, params.get("refund_amount", 0))
    if params.get("credit_amount"):
        owner = account.get("customer", invoice["customer"])
        details = {"credit_note": note["id"], "currency": invoice["currency"]}
        entry = balances.move(account, owner, -params["credit_amount"], "credit_note", **details)
        note["customer_balance_transaction"] = entry["id"]
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    account.save(invoice)


def _linked(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """A refund that was made before, as the note names it."""
    found = account.get("refund", given.get("refund", ""), "refunds[refund]")
    amount = given.get("amount_refunded", found["amount"])
    return {"amount_refunded": amount, "refund": found["id"], "type": "refund"}


def _refunded(account: Account, invoice: Document, amount: int) -> list[dict[str, Any]]:
    if not amount:
        return []
    intent = intent_of(account, invoice) or {}
    charge = refunds.charge_of(account, {"payment_intent": intent.get("id", "")})
    made = refunds.refund(account, charge, amount)
    return [{"amount_refunded": amount, "refund": made["id"], "type": "refund"}]


def void(account: Account, note: Document) -> Document:
    """Take a note back that lowered an invoice still open: it is owed again."""
    invoice = account.get("invoice", note["invoice"])
    if note["status"] == "void" or invoice["status"] != "open" or note["post_payment_amount"]:
        raise invalid("Only credit notes of open invoices, nothing of them paid, can be voided.")
    invoice["pre_payment_credit_notes_amount"] -= note["pre_payment_amount"]
    owed(account, invoice, invoice["amount_remaining"] + note["pre_payment_amount"])
    at = account.time_of(invoice)
    change(account, None, note, status="void", voided_at=at)
    emit(account, "credit_note.voided", note)
    return note
