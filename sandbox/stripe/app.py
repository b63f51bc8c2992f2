"""Puts the stand-in together: the API, the hosted pages and the controls on one Flask app."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox.stripe import (
    api,
    control,
    control_cards,
    control_memory,
    control_money,
    pages,
    resources,
)
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.schedule import catch_up
from sandbox.stripe.core.store import Store
from sandbox.stripe.core.webhooks import Sender

DATABASE = "stripe-3.sqlite3"
"""Named after the form of its tables: a newer stand-in starts a new file."""
TICK = 0.5
"""Seconds of machine time between two looks at what real time has made due."""


def open_account(
    state: Path, *, api_key: str, webhook_url: str = "", webhook_secret: str = ""
) -> Account:
    """The account kept in a state folder, which is made if it is not there."""
    state.mkdir(parents=True, exist_ok=True)
    return Account(
        store=Store(state / DATABASE),
        api_key=api_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
    )


def create_app(account: Account) -> Flask:
    app = Flask(__name__)
    app.extensions["stripe_account"] = account
    app.extensions["stripe_sender"] = Sender(account)
    assert resources.__all__, "importing the resources registers their endpoints"
    app.register_blueprint(api.install())
    app.register_blueprint(control.blueprint)
    app.register_blueprint(control_money.blueprint)
    app.register_blueprint(control_cards.blueprint)
    app.register_blueprint(control_memory.blueprint)
    app.register_blueprint(pages.blueprint)
    app.add_url_rule("/favicon.ico", view_func=_favicon)
    app.add_template_filter(_day, "day")
    app.register_error_handler(404, _no_such_route)
    return app


def _favicon() -> ResponseReturnValue:
    """Browsers ask for one unasked; that there is none is no error."""
    return "", 204


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y").lstrip("0")


def _no_such_route(error: HTTPException) -> ResponseReturnValue:
    refusal = invalid(
        "Unrecognized request URL: Stripe has no such thing, or the stand-in does not play it."
    )
    return jsonify(refusal.body()), 404


def start_threads(app: Flask) -> list[threading.Thread]:
    """The webhook sender and the clock that notices what has become due, until told to stop."""
    account: Account = app.extensions["stripe_account"]
    sender: Sender = app.extensions["stripe_sender"]
    return [_daemon("webhooks", sender.run_forever), _daemon("clock", lambda: _tick(account))]


def _daemon(name: str, run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _tick(account: Account) -> None:
    while not account.stopping.wait(TICK):
        catch_up(account)
