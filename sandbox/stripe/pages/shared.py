"""What the hosted pages and the controls share: the account, and errors in place of a page."""

from typing import Any

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.stripe.core.account import Account


def account() -> Account:
    found: Account = current_app.extensions["stripe_account"]
    return found


def asked() -> dict[str, Any]:
    """The JSON object that a control was sent; anything else is refused."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "a JSON object is expected")
    return body


def notice(title: str, text: str, status: int, back: str | None = None) -> ResponseReturnValue:
    return render_template("stripe/notice.html", title=title, text=text, back=back), status


def not_found() -> ResponseReturnValue:
    return notice("Nothing here", "This link leads to nothing, or no longer.", 404)
