"""A credit note's PDF, at an address of its own."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from sandbox.stripe.core.documents import private
from sandbox.stripe.pages.pdf import credit_note_pdf
from sandbox.stripe.pages.shared import account, not_found

blueprint = Blueprint("credit_notes", __name__)


@blueprint.get("/cn/<identifier>/<token>/pdf")
def pdf(identifier: str, token: str) -> ResponseReturnValue:
    note = account().store.load(identifier)
    if note is None or note["object"] != "credit_note" or private(note).get("token") != token:
        return not_found()
    invoice = account().get("invoice", note["invoice"])
    made = credit_note_pdf(note, invoice, account().store.load)
    name = f"Credit-note-{note['number']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(made, headers=headers, content_type="application/pdf")
