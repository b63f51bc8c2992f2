"""Credit notes."""

from sandbox.stripe.billing import crediting
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.paging import page
from sandbox.stripe.core.plain import lists, retrieves, updates

_FIELDS = (
    "amount credit_amount effective_at email_type invoice lines.amount lines.description "
    "lines.invoice_line_item lines.metadata lines.quantity lines.type lines.unit_amount "
    "lines.unit_amount_decimal memo metadata out_of_band_amount reason refund_amount "
    "refunds.amount_refunded refunds.refund refunds.type"
)


@endpoint("credit_note.create", _FIELDS)
def create(account: Account, params: Params) -> Document:
    invoice = account.get("invoice", params["invoice"], "invoice")
    return crediting.issue(account, invoice, params)


@endpoint("credit_note.preview", _FIELDS)
def preview(account: Account, params: Params) -> Document:
    """The note that would be issued, and nothing done."""
    with account.store.rehearsal():
        invoice = account.get("invoice", params["invoice"], "invoice")
        return duplicate(crediting.foresee(account, invoice, params))


retrieves("credit_note")
updates("credit_note", "memo metadata")


@endpoint("credit_note.void_credit_note")
def void(account: Account, params: Params, note: str) -> Document:
    return crediting.void(account, account.get("credit_note", note))


lists("credit_note", "customer", "invoice")


@endpoint("credit_note_line_item.list", "limit starting_after ending_before")
def lines(account: Account, params: Params, note: str) -> Document:
    rows = account.get("credit_note", note)["lines"]["data"]
    return page(rows, params, f"/v1/credit_notes/{note}/lines")
