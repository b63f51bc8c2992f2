"""Invoices and credit notes as one-page PDFs."""

from collections.abc import Iterable
from datetime import UTC, datetime

from fpdf import FPDF

from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.documents import Document
from sandbox.stripe.pages import sums


def invoice_pdf(invoice: Document, look: sums.Look = lambda _: None) -> bytes:
    """``look`` finds coupons and tax rates, to call them by their names."""
    extras = (f"{extra['name']}: {extra['value']}" for extra in invoice["custom_fields"] or ())
    due = (f"Due {_day(invoice['due_date'])}",) if invoice["due_date"] else ()
    pdf = _begun("Invoice", invoice["number"], invoice["created"], _whom(invoice), due, extras)
    return _ended(pdf, invoice["lines"]["data"], sums.of_invoice(invoice, look))


def credit_note_pdf(note: Document, invoice: Document, look: sums.Look = lambda _: None) -> bytes:
    about = [f"For invoice {invoice['number']}"] + ([note["memo"]] if note["memo"] else [])
    pdf = _begun("Credit note", note["number"], note["created"], _whom(invoice), about)
    rows = [row | {"currency": note["currency"]} for row in note["lines"]["data"]]
    return _ended(pdf, rows, sums.of_note(note, look))


def _whom(invoice: Document) -> list[str]:
    numbers = [number["value"] for number in invoice["customer_tax_ids"] or ()]
    return [invoice["customer_name"] or "", invoice["customer_email"] or "", *numbers]


def _begun(title: str, number: str | None, created: int, *texts: Iterable[str]) -> FPDF:
    pdf = FPDF(format="A4")
    pdf.set_title(f"{title} {number}")
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 18)
    pdf.cell(0, 12, title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", "", 10)
    head = ["Stripe stand-in, test mode: no money has moved.", f"Number {number}"]
    for text in (*head, f"Date {_day(created)}", *(t for block in texts for t in block)):
        pdf.cell(0, 6, _latin(text), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    return pdf


def _ended(pdf: FPDF, lines: list[Document], below: sums.Sums) -> bytes:
    for line in lines:
        _pair(pdf, line["description"] or "", in_words(line["amount"], line["currency"]))
    pdf.ln(4)
    pdf.set_font("Helvetica", "B", 11)
    for name, amount in below:
        _pair(pdf, name, amount)
    return bytes(pdf.output())


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %B %Y")


def _pair(pdf: FPDF, left: str, right: str) -> None:
    pdf.cell(140, 8, _latin(left)[:80])
    pdf.cell(0, 8, _latin(right), align="R", new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    """The built-in fonts know Latin-1 only; the euro is named by its letters."""
    return text.replace("€", "EUR ").encode("latin-1", "replace").decode("latin-1")
