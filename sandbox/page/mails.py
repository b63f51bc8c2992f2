"""The mails: newest first, one whole, its parts."""

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue

from sandbox.mail.letter import Letter
from sandbox.mail.store import EVERY, Mail, MailStore
from webapp.paging import slice_of

blueprint = Blueprint("mails", __name__)

SHEET = Path(__file__).with_name("page.css")
# Links open in a tab of their own; scripts, forms and foreign pictures stay off.
LETTER_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def store() -> MailStore:
    found: MailStore = current_app.extensions["mail_store"]
    return found


def mail_or_404(number: int) -> tuple[Mail, Letter]:
    mail = store().get(number)
    if mail is None:
        abort(404)
    return mail, Letter.parse(store().raw(number))


@blueprint.get("/")
@blueprint.get("/mails")
def mail_list() -> ResponseReturnValue:
    to = request.args.get("to", "")
    return render_template(
        "mails.html",
        page=slice_of(store().all(to, EVERY)),
        to=to,
        addresses=store().recipients(),
    )


@blueprint.get("/page.css")
def sheet() -> ResponseReturnValue:
    return send_file(SHEET)


@blueprint.get("/mails/<int:number>")
def one_mail(number: int) -> ResponseReturnValue:
    mail, letter = mail_or_404(number)
    return render_template("mail.html", mail=mail, letter=letter)


@blueprint.get("/mails/<int:number>/html")
def html_body(number: int) -> ResponseReturnValue:
    _, letter = mail_or_404(number)
    response = Response('<base target="_blank">' + letter.html)
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    return response


@blueprint.get("/mails/<int:number>/raw")
def raw_mail(number: int) -> ResponseReturnValue:
    mail_or_404(number)
    return Response(store().raw(number), content_type="text/plain; charset=utf-8")


@blueprint.get("/mails/<int:number>/attachments/<int:part>")
def attachment(number: int, part: int) -> ResponseReturnValue:
    _, letter = mail_or_404(number)
    if part >= len(letter.attachments):
        abort(404)
    found = letter.attachments[part]
    response = Response(found.content, content_type=found.content_type)
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    return response
