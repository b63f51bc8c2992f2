"""The hosted invoice page and its PDF."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import banks, payment_methods, payments
from sandbox.stripe.billing.collection import collect, intent_of
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.pages.bank_form import BankForm
from sandbox.stripe.pages.card_form import CardForm
from sandbox.stripe.pages.pdf import invoice_pdf
from sandbox.stripe.pages.shared import account, not_found
from sandbox.stripe.pages.sums import of_invoice

blueprint = Blueprint("invoices", __name__)


@blueprint.get("/i/<identifier>/<token>")
def show(identifier: str, token: str) -> ResponseReturnValue:
    invoice = _invoice(identifier, token)
    return _page(invoice, CardForm({})) if invoice else not_found()


@blueprint.get("/i/<identifier>/<token>/pdf")
def pdf(identifier: str, token: str) -> ResponseReturnValue:
    invoice = _invoice(identifier, token)
    if invoice is None:
        return not_found()
    name = f"Invoice-{invoice['number']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(
        invoice_pdf(invoice, account().store.load), headers=headers, content_type="application/pdf"
    )


@blueprint.post("/i/<identifier>/<token>")
def pay(identifier: str, token: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        invoice = _invoice(identifier, token)
        if invoice is None:
            return not_found()
        if invoice["status"] != "open" or _is_processing(here, invoice):
            return redirect(request.path, 303)
        form = CardForm.typed(request.form, wants_email=False)
        entry = form.entry(here.time_of(invoice))
        if entry is None:
            return _page(invoice, form), 422
        method = payment_methods.create(here, entry, invoice["customer"])
        private(invoice)["attempt"] = method["id"]
        return _try(here, invoice, method, form, proven=False)


@blueprint.post("/i/<identifier>/<token>/bank")
def pay_by_bank(identifier: str, token: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        invoice = _invoice(identifier, token)
        offered = _bank_form(here, invoice) if invoice else None
        if invoice is None or offered is None:
            return not_found()
        if invoice["status"] != "open" or _is_processing(here, invoice):
            return redirect(invoice["hosted_invoice_url"], 303)
        bank, form = BankForm.typed(request.form, offered.kind, wants_email=False), CardForm({})
        entry = bank.entry()
        if entry is None:
            return _page(invoice, form, bank), 422
        method = payment_methods.create(here, entry, invoice["customer"])
        return _try(here, invoice, method, form, proven=False)


def _bank_form(here: Account, invoice: Document) -> BankForm | None:
    form = BankForm.offered(banks.offered(here, invoice["currency"]))
    if form:
        form.wants_email = False
    return form


def _is_processing(here: Account, invoice: Document) -> bool:
    """Whether a bank debit for it is under way."""
    intent = intent_of(here, invoice)
    return intent is not None and bool(intent["status"] == "processing")


def _try(
    here: Account, invoice: Document, method: Document, form: CardForm, *, proven: bool
) -> ResponseReturnValue:
    status = collect(here, invoice, method, present=True, proven=proven)
    if status == "requires_action":
        target = url_for(
            "pages.invoices.challenge", identifier=invoice["id"], token=private(invoice)["token"]
        )
        return redirect(target, 303)
    if status not in ("succeeded", "processing"):
        intent = intent_of(here, invoice)
        form.general = str(payments.card_error(intent)) if intent else ""
        return _page(invoice, form), 402
    return redirect(invoice["hosted_invoice_url"], 303)


@blueprint.get("/i/<identifier>/<token>/authenticate")
def challenge(identifier: str, token: str) -> ResponseReturnValue:
    invoice = _invoice(identifier, token)
    if invoice is None:
        return not_found()
    if invoice["status"] != "open" or "attempt" not in private(invoice):
        return redirect(url_for("pages.invoices.show", identifier=identifier, token=token), 303)
    amount = in_words(invoice["amount_due"], invoice["currency"])
    return render_template("stripe/challenge.html", amount=amount, back=None)


@blueprint.post("/i/<identifier>/<token>/authenticate")
def authenticate(identifier: str, token: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        invoice = _invoice(identifier, token)
        if invoice is None:
            return not_found()
        waiting = private(invoice).pop("attempt", None)
        if invoice["status"] != "open" or waiting is None:
            return redirect(url_for("pages.invoices.show", identifier=identifier, token=token), 303)
        here.save(invoice)
        return _after_challenge(here, invoice, here.get("payment_method", waiting))


def _after_challenge(here: Account, invoice: Document, method: Document) -> ResponseReturnValue:
    form = CardForm({"name": method["billing_details"]["name"] or ""})
    if request.form.get("outcome") == "complete":
        return _try(here, invoice, method, form, proven=True)
    intent = intent_of(here, invoice)
    assert intent is not None, "an open invoice has a payment"
    payments.fail_authentication(here, intent, method)
    form.general = str(payments.card_error(intent))
    return _page(invoice, form), 402


def _invoice(identifier: str, token: str) -> Document | None:
    found = account().store.load(identifier)
    known = (
        found is not None and found["object"] == "invoice" and private(found).get("token") == token
    )
    return found if known else None


def _page(invoice: Document, form: CardForm, bank: BankForm | None = None) -> str:
    return render_template(
        "stripe/invoice.html",
        invoice=invoice,
        rows=[_row(line) for line in invoice["lines"]["data"]],
        sums=of_invoice(invoice, account().store.load),
        notes=account().find("credit_note", invoice=invoice["id"]),
        due=in_words(invoice["amount_remaining"], invoice["currency"]),
        total=in_words(invoice["total"], invoice["currency"]),
        button=f"Pay {in_words(invoice['amount_remaining'], invoice['currency'])}",
        form=form,
        bank=bank or _bank_form(account(), invoice),
        processing=_is_processing(account(), invoice),
        back=None,
        title=f"Invoice {invoice['number']}",
    )


def _row(line: Document) -> dict[str, Any]:
    count, unit = line["quantity_decimal"], (line["pricing"] or {}).get("unit_amount_decimal")
    told = count not in (None, "1") and unit is not None and "×" not in line["description"]
    each = in_words(int(Decimal(unit or 0)), line["currency"])
    return {
        "name": f"{line['description']} ({count} × {each})" if told else line["description"],
        "period": line["period"],
        "amount": in_words(line["amount"], line["currency"]),
    }
