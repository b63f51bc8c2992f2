"""Credit notes."""

from sandbox.stripe.billing import crediting
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import listed, page
from sandbox.stripe.core.updating import changes

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


@endpoint("credit_note.retrieve")
def retrieve(account: Account, params: Params, note: str) -> Document:
    return account.get("credit_note", note)


@endpoint("credit_note.update", "memo metadata")
def update(account: Account, params: Params, note: str) -> Document:
    found = account.get("credit_note", note)
    return change(account, "credit_note.updated", found, **changes(found, params))


@endpoint("credit_note.void_credit_note")
def void(account: Account, params: Params, note: str) -> Document:
    return crediting.void(account, account.get("credit_note", note))


@endpoint("credit_note.list", "created customer invoice limit starting_after ending_before")
def list_all(account: Account, params: Params) -> Document:
    equal = {name: params[name] for name in ("customer", "invoice") if name in params}
    return listed(account, "credit_note", params, "/v1/credit_notes", **equal)


@endpoint("credit_note_line_item.list", "limit starting_after ending_before")
def lines(account: Account, params: Params, note: str) -> Document:
    rows = account.get("credit_note", note)["lines"]["data"]
    return page(rows, params, f"/v1/credit_notes/{note}/lines")
