"""``/_sandbox``: time, switches, faults and what happened, for tests and the sandbox page.

Everything speaks JSON and needs no key: the server listens on loopback only.

* ``GET /_sandbox/time`` → ``{"now", "offset"}`` in seconds; ``GET /_sandbox/next_due`` →
  ``{"at": unix seconds or null}``; ``POST /_sandbox/advance`` ``{"to": unix seconds}``
* ``POST /_sandbox/begin`` ``{"at": unix seconds}``: time of an account that is new runs from then
* ``POST /_sandbox/forget``: an account as new
* ``GET`` and ``POST /_sandbox/switches``: how webhooks misbehave (``core/switches.py``)
* ``GET``, ``POST`` and ``DELETE /_sandbox/faults``: how API calls fail (``core/faults.py``)
* ``GET`` and ``POST /_sandbox/weather``: both and a seed in one go (``core/weather.py``)
* ``GET`` and ``POST /_sandbox/rules``: what an account sets in its dashboard (``core/account.py``)
* ``POST /_sandbox/deliver`` ``{"seconds": 30}``: deliver all webhooks now
* ``GET /_sandbox/webhooks``, ``/objects?kind=invoice&metadata__order=7``, ``/calls``,
  ``/violations``
* what other people do to accounts and payments: ``control_money.py``; to cards:
  ``control_cards.py``
"""

import json
import re
import time
from collections import Counter
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.stripe import control_cards, control_money
from sandbox.stripe.core import faults, switches, weather
from sandbox.stripe.core.account import Rules
from sandbox.stripe.core.schedule import advance, next_due
from sandbox.stripe.core.violations import violations
from sandbox.stripe.core.webhooks import Sender
from sandbox.stripe.pages.shared import account as open_account
from sandbox.stripe.pages.shared import asked

blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
LONGEST_FLUSH = 120.0
_FIELD = re.compile(r"[a-z_]+")


@blueprint.errorhandler(400)
@blueprint.errorhandler(404)
@control_money.blueprint.errorhandler(400)
@control_money.blueprint.errorhandler(404)
@control_cards.blueprint.errorhandler(400)
@control_cards.blueprint.errorhandler(404)
def refused(error: Any) -> ResponseReturnValue:
    return jsonify(error=error.description), error.code


@blueprint.get("/time")
def show_time() -> ResponseReturnValue:
    account = open_account()
    return jsonify(now=account.now(), offset=account.offset)


@blueprint.get("/next_due")
def show_next_due() -> ResponseReturnValue:
    return jsonify(at=next_due(open_account()))


@blueprint.post("/advance")
def move_time() -> ResponseReturnValue:
    account, to = open_account(), asked().get("to")
    if not isinstance(to, int) or to < account.now():
        abort(400, "'to' must be Unix seconds that are not in the account's past")
    done = advance(account, to)
    return jsonify(now=account.now(), offset=account.offset, done=done)


@blueprint.post("/begin")
def begin() -> ResponseReturnValue:
    """While there is nothing yet, time can be set back too."""
    account, at = open_account(), asked().get("at")
    if not isinstance(at, int) or account.store.rows("SELECT 1 FROM objects LIMIT 1"):
        abort(400, "'at' must be Unix seconds, and the account new")
    account.store.set_setting("offset", at - int(time.time()))
    return jsonify(now=account.now(), offset=account.offset)


@blueprint.post("/forget")
def forget() -> ResponseReturnValue:
    """As if just started on an empty folder; time is the machine's again."""
    open_account().store.forget()
    return jsonify(now=open_account().now())


@blueprint.get("/switches")
def show_switches() -> ResponseReturnValue:
    return jsonify(asdict(switches.Switches.of(open_account())))


@blueprint.post("/switches")
def set_switches() -> ResponseReturnValue:
    """Those named are set, the others stay."""
    wanted = asked()
    if not switches.known(wanted):
        abort(400, "unknown switch")
    changed = switches.Switches(**(asdict(switches.Switches.of(open_account())) | wanted))
    changed.save(open_account())
    return jsonify(asdict(changed))


@blueprint.get("/faults")
def show_faults() -> ResponseReturnValue:
    return jsonify(faults.waiting(open_account()))


@blueprint.post("/faults")
def add_fault() -> ResponseReturnValue:
    try:
        faults.add(open_account(), asked())
    except ValueError as problem:
        abort(400, str(problem))
    return jsonify(faults.waiting(open_account()))


@blueprint.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    faults.clear(open_account())
    return jsonify([])


@blueprint.get("/weather")
def show_weather() -> ResponseReturnValue:
    return jsonify(weather.weather(open_account()))


@blueprint.post("/weather")
def set_weather() -> ResponseReturnValue:
    """Everything at once; ``{}`` is fair weather."""
    try:
        weather.set_weather(open_account(), asked())
    except (TypeError, ValueError) as problem:
        abort(400, str(problem))
    return jsonify(weather.weather(open_account()))


@blueprint.get("/rules")
def show_rules() -> ResponseReturnValue:
    return jsonify(asdict(open_account().rules))


@blueprint.post("/rules")
def set_rules() -> ResponseReturnValue:
    wanted = asked()
    if not wanted.keys() <= {f.name for f in fields(Rules)}:
        abort(400, "unknown rule")
    open_account().store.set_setting("rules", asdict(open_account().rules) | wanted)
    return jsonify(asdict(open_account().rules))


@blueprint.post("/deliver")
def deliver() -> ResponseReturnValue:
    """Returns how many deliveries are in each state: ``pending`` could not be delivered, ``held``
    waits for the account's time to go on."""
    sender: Sender = current_app.extensions["stripe_sender"]
    body = request.get_json(silent=True) or {}
    sender.flush(min(float(body.get("seconds", 30)), LONGEST_FLUSH))
    return jsonify(_delivery_states())


def _delivery_states() -> dict[str, int]:
    account = open_account()
    rows = account.store.rows(
        "SELECT CASE WHEN state = 'pending' AND held_until > ? THEN 'held' ELSE state END AS now, "
        "count(*) AS n FROM deliveries GROUP BY 1",
        account.now(),
    )
    counted = {row["now"]: row["n"] for row in rows}
    return {"pending": 0, "delivered": 0} | counted


@blueprint.get("/webhooks")
def show_webhooks() -> ResponseReturnValue:
    rows = open_account().store.rows(
        "SELECT seq, event, type, forged, state, attempts, answer, "
        "json_extract(body, '$.created') AS created FROM deliveries ORDER BY seq"
    )
    return jsonify(states=_delivery_states(), deliveries=[dict(row) for row in rows])


@blueprint.get("/objects")
def show_objects() -> ResponseReturnValue:
    """Counts by kind; with ``?kind=`` the documents themselves, newest first: all of them, or those
    whose fields have the values named beside it (``a__b`` is a.b)."""
    wanted = request.args.to_dict()
    kind = wanted.pop("kind", "")
    if not all(_FIELD.fullmatch(name) for name in wanted):
        abort(400, "no such field")
    if kind:
        return jsonify(open_account().find(kind, **wanted))
    rows = open_account().store.rows("SELECT kind FROM objects")
    return jsonify(Counter(row["kind"] for row in rows))


@blueprint.get("/calls")
def show_calls() -> ResponseReturnValue:
    rows = open_account().store.rows("SELECT * FROM calls ORDER BY seq")
    return jsonify([dict(row) | {"params": json.loads(row["params"])} for row in rows])


@blueprint.get("/violations")
def show_violations() -> ResponseReturnValue:
    return jsonify(violations(open_account()))
