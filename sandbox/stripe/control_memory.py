"""``/_sandbox/memory``: all that the account knows, to be kept elsewhere and put back later.

``GET`` answers the rows of its tables as JSON; ``PUT`` of such an answer makes the account what it
was then. Its time goes on by as much as has passed meanwhile, and it stays reached where it is.
"""

import sqlite3

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from sandbox.stripe.pages.shared import account as open_account
from sandbox.stripe.pages.shared import asked

blueprint = Blueprint("control_memory", __name__, url_prefix="/_sandbox")


@blueprint.get("/memory")
def show() -> ResponseReturnValue:
    return jsonify(open_account().store.everything())


@blueprint.put("/memory")
def put_back() -> ResponseReturnValue:
    account = open_account()
    try:
        with account.store.transaction():
            account.store.become(asked())
            account.settle_at(account.origin)
    except (ValueError, TypeError, AttributeError, sqlite3.Error) as problem:
        abort(400, str(problem))
    return jsonify(now=account.now())
