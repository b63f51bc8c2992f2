"""An invoice as a one-page PDF."""

from datetime import UTC, datetime

from fpdf import FPDF

from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.documents import Document


def invoice_pdf(invoice: Document) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_title(f"Invoice {invoice['number']}")
    pdf.add_page()
    _head(pdf, invoice)
    for line in invoice["lines"]["data"]:
        _pair(pdf, line["description"] or "", in_words(line["amount"], line["currency"]))
    pdf.ln(4)
    pdf.set_font("Helvetica", "B", 11)
    _pair(pdf, "Total", in_words(invoice["total"], invoice["currency"]))
    _pair(pdf, "Paid", in_words(invoice["amount_paid"], invoice["currency"]))
    _pair(pdf, "Due", in_words(invoice["amount_remaining"], invoice["currency"]))
    return bytes(pdf.output())


def _head(pdf: FPDF, invoice: Document) -> None:
    day = datetime.fromtimestamp(invoice["created"], UTC).strftime("%d %B %Y")
    pdf.set_font("Helvetica", "B", 18)
    pdf.cell(0, 12, "Invoice", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", "", 10)
    for text in (
        "Stripe stand-in, test mode: no money has moved.",
        f"Number {invoice['number']}",
        f"Date {day}",
        invoice["customer_name"] or "",
        invoice["customer_email"] or "",
        *(f"{extra['name']}: {extra['value']}" for extra in invoice["custom_fields"] or ()),
    ):
        pdf.cell(0, 6, _latin(text), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)


def _pair(pdf: FPDF, left: str, right: str) -> None:
    pdf.cell(140, 8, _latin(left)[:80])
    pdf.cell(0, 8, _latin(right), align="R", new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    """The built-in fonts know Latin-1 only."""
    return text.encode("latin-1", "replace").decode("latin-1")
