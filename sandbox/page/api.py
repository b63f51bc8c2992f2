"""The same as JSON, for tests and scripts."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.mail.letter import Letter
from sandbox.mail.store import Mail
from sandbox.mail.switches import Switches
from sandbox.page.mails import mail_or_404, store
from sandbox.page.time_views import travel
from sandbox.page.travel import OnTheWay, Travel
from webapp import clock

blueprint = Blueprint("api", __name__, url_prefix="/api")


class BadRequest(ValueError):
    """The body is not what the address takes."""


@blueprint.errorhandler(ValueError)
def refuse(error: ValueError) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


@blueprint.errorhandler(OnTheWay)
def busy(_: OnTheWay) -> ResponseReturnValue:
    return jsonify(error="time is already being moved"), 409


def summary(mail: Mail) -> dict[str, Any]:
    return asdict(mail) | {"received_at": mail.received_at.isoformat()}


def whole(mail: Mail, letter: Letter) -> dict[str, Any]:
    attachments = [
        {"number": a.number, "name": a.name, "content_type": a.content_type, "text": a.text}
        for a in letter.attachments
    ]
    parts = {"text": letter.text, "html": letter.html, "headers": letter.headers}
    return summary(mail) | parts | {"attachments": attachments}


@blueprint.get("/mails")
def mails() -> ResponseReturnValue:
    found = store().all(request.args.get("to", ""), request.args.get("limit", 500, int))
    return jsonify([summary(mail) for mail in found])


@blueprint.get("/mails/duplicates")
def duplicates() -> ResponseReturnValue:
    return jsonify(store().duplicates())


@blueprint.get("/mails/<int:number>")
def mail(number: int) -> ResponseReturnValue:
    return jsonify(whole(*mail_or_404(number)))


@blueprint.get("/mail-switches")
def switches() -> ResponseReturnValue:
    return jsonify(asdict(Switches.read(store().folder)))


@blueprint.put("/mail-switches")
def set_switches() -> ResponseReturnValue:
    Switches.parse(fields()).write(store().folder)
    return switches()


@blueprint.get("/time")
def time() -> ResponseReturnValue:
    return jsonify(time_now(travel()))


def time_now(found: Travel) -> dict[str, Any]:
    return {
        "now": clock.now().isoformat(),
        "machine": clock.machine_now().isoformat(),
        "running": found.is_running,
        "steps": found.steps,
        "error": found.error,
    }


@blueprint.post("/advance")
def advance() -> ResponseReturnValue:
    """Answers when time has arrived; 500 with the reason when it got stuck."""
    try:
        travel().go_to(target(fields(), clock.now()))
    except (ValueError, OnTheWay):
        raise
    except Exception:
        current_app.logger.exception("time stopped on the way")
        return jsonify(time_now(travel())), 500
    return jsonify(time_now(travel()))


def target(asked: Mapping[str, Any], now: datetime) -> datetime:
    """``{"to": ISO or Unix time}``, ``{"days": n}`` or ``{"months": n}``."""
    match asked:
        case {"to": int() | float() as seconds}:
            return datetime.fromtimestamp(seconds, UTC)
        case {"to": str() as text}:
            return aware(datetime.fromisoformat(text))
        case {"days": int() as days}:
            return now + relativedelta(days=days)
        case {"months": int() as months}:
            return now + relativedelta(months=months)
    raise BadRequest('give {"to": ISO or Unix time}, {"days": n} or {"months": n}')


def aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@blueprint.post("/drain")
def drain() -> ResponseReturnValue:
    """Waits, at most ``within`` seconds (60), until no job is due and no webhook waits."""
    outstanding = travel().settle(float(fields().get("within", 60)))
    return jsonify(drained=not outstanding, outstanding=outstanding), 504 if outstanding else 200


def fields() -> dict[str, Any]:
    found = request.get_json(silent=True) if request.data else {}
    if not isinstance(found, dict):
        raise BadRequest("a JSON object is expected")
    return found
