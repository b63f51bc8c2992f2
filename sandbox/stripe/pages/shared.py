"""What the hosted pages share: the account, and errors in place of a page."""

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from sandbox.stripe.core.account import Account


def account() -> Account:
    found: Account = current_app.extensions["stripe_account"]
    return found


def notice(title: str, text: str, status: int, back: str | None = None) -> ResponseReturnValue:
    return render_template("stripe/notice.html", title=title, text=text, back=back), status


def not_found() -> ResponseReturnValue:
    return notice("Nothing here", "This link leads to nothing, or no longer.", 404)
