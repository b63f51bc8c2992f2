"""Answers API calls: key, faults, idempotency, parameters, the act itself, expansion, checks."""

import json
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, request
from stripe._error_object import ErrorObject

from sandbox.stripe.core import faults, idempotency
from sandbox.stripe.core.account import Account, Request, acting_for, current_request
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import ENDPOINTS, Endpoint
from sandbox.stripe.core.errors import (
    ApiError,
    invalid,
    lock_timeout,
    not_imitated,
    rate_limited,
    server_error,
    unauthenticated,
)
from sandbox.stripe.core.events import API_VERSION
from sandbox.stripe.core.expand import expand
from sandbox.stripe.core.forms import decode
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.updating import check_metadata
from sandbox.stripe.core.violations import record
from sandbox.stripe.sdk.conformance import problems
from sandbox.stripe.sdk.reading import BadParameter, read_params
from sandbox.stripe.sdk.types import fields


@dataclass
class Call:
    """One API call on its way through."""

    account: Account
    endpoint: Endpoint
    ids: tuple[str, ...]
    raw: dict[str, Any]
    request: Request
    fault: dict[str, Any] | None = None
    replayed: bool = False

    @property
    def fingerprint(self) -> str:
        return idempotency.fingerprint(request.method, request.path, self.raw)

    @property
    def fault_kind(self) -> str | None:
        return self.fault["kind"] if self.fault else None


def install() -> Blueprint:
    """A blueprint with a route for every registered endpoint."""
    blueprint = Blueprint("api", __name__)
    for found in ENDPOINTS:
        operation = found.operation
        name = found.name.replace(".", "_")
        blueprint.add_url_rule(operation.path, name, _view(found), methods=[operation.verb])
    return blueprint


def _view(found: Endpoint) -> Any:
    names = re.findall(r"<(\w+)>", found.operation.path)

    def view(**ids: str) -> Response:
        account: Account = current_app.extensions["stripe_account"]
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        made = Request(f"req_{random_text(14)}", key)
        call = Call(account, found, tuple(ids[n] for n in names), {}, made)
        token = current_request.set(made)
        try:
            return _respond(call)
        finally:
            current_request.reset(token)

    return view


def _respond(call: Call) -> Response:
    call.fault = faults.take(call.account, request.method, request.path)
    status, body = (0, {}) if call.fault_kind in faults.BEFORE else _answer(call)
    _log(call, status)
    if call.fault_kind in ("timeout", "timeout_after"):
        time.sleep(float((call.fault or {}).get("seconds", 30)))
    if call.fault_kind in faults.BEFORE | faults.AFTER:
        _hang_up()
    headers = {"Request-Id": str(call.request.id), "Stripe-Version": API_VERSION}
    if call.fault_kind == "429" and "retry_after" in (call.fault or {}):
        headers["Retry-After"] = str((call.fault or {})["retry_after"])
    if call.replayed:
        headers["Idempotent-Replayed"] = "true"
    if call.request.idempotency_key:
        headers["Idempotency-Key"] = call.request.idempotency_key
    return Response(json.dumps(body), status or 200, headers, content_type="application/json")


def _hang_up() -> None:
    """Drop the connection, as when an answer is lost on its way."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)


def _answer(call: Call) -> tuple[int, Document]:
    try:
        _authenticate(call.account)
        _act_for(call)
        call.raw = _decode()
        with call.account.store.transaction():
            return _once(call)
    except ApiError as refusal:
        _check_error(call, refusal)
        return refusal.status, refusal.body()


def _authenticate(account: Account) -> None:
    scheme = request.authorization
    key = (
        scheme.token if scheme and scheme.type == "bearer" else scheme.username if scheme else None
    )
    if key != account.api_key:
        raise unauthenticated(key)


def _act_for(call: Call) -> None:
    """Heed the ``Stripe-Account`` header: https://docs.stripe.com/connect/authentication."""
    named = request.headers.get("Stripe-Account", "")
    if named:
        if not call.endpoint.for_connected:
            raise not_imitated("Stripe-Account")
        call.account.get("account", named, "Stripe-Account")
    acting_for.set(named)


def _decode() -> dict[str, Any]:
    given = request.args if request.method in ("GET", "DELETE") else request.form
    try:
        return decode(list(given.items(multi=True)))
    except ValueError as failure:
        raise invalid(f"Invalid parameter name: {failure}", str(failure)) from None


def _once(call: Call) -> tuple[int, Document]:
    """Run the call, or recall what it came to when its idempotency key was used before."""
    key = call.request.idempotency_key
    kept = idempotency.recall(call.account, key, call.fingerprint)
    if kept is not None:
        call.replayed = True
        return kept
    _fail_as_told(call)
    params = _read(call)
    status, body = _run(call, params)
    idempotency.keep(call.account, key, call.fingerprint, status, body)
    return status, body


def _fail_as_told(call: Call) -> None:
    if call.fault_kind == "429":
        raise rate_limited()
    if call.fault_kind == "409":
        raise lock_timeout()
    if call.fault_kind == "500" and not (call.fault or {}).get("stored", True):
        raise server_error()


def _read(call: Call) -> dict[str, Any]:
    try:
        params = read_params(call.raw, call.endpoint.operation.params)
    except BadParameter as bad:
        raise invalid(bad.message, bad.param, bad.code) from None
    check_metadata(params)
    call.endpoint.check_scope({k: v for k, v in params.items() if k != "expand"})
    return params


def _run(call: Call, params: dict[str, Any]) -> tuple[int, Document]:
    """The act; what it refuses after it has begun is kept as its result too."""
    paths = params.pop("expand", [])
    account = call.account
    try:
        if call.fault_kind == "500":
            raise server_error()
        with account.store.attempt():
            shown = expand(account, call.endpoint.act(account, params, *call.ids), paths)
    except ApiError as refusal:
        _check_error(call, refusal)
        return refusal.status, refusal.body()
    if call.fault_kind == "500_after":
        return 500, server_error().body()
    operation = call.endpoint.operation
    record(
        account, call.endpoint.name, problems(shown, operation.result, operation.module, "result")
    )
    return 200, shown


def _check_error(call: Call, refusal: ApiError) -> None:
    known = fields(ErrorObject)
    found = [f"error.{k}: unknown field" for k in refusal.error if k not in known]
    for name, value in refusal.error.items():
        if name in known:
            found += problems(value, known[name], ErrorObject.__module__, f"error.{name}")
    record(call.account, f"{call.endpoint.name} error", found)


def _log(call: Call, status: int) -> None:
    version = request.headers.get("Stripe-Version")
    if version not in (None, API_VERSION):
        record(
            call.account, call.endpoint.name, [f"Stripe-Version: {version} is not {API_VERSION}"]
        )
    call.account.store.run(
        "INSERT INTO calls (request, method, path, params, idempotency_key, status, replayed, "
        "fault, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        call.request.id,
        request.method,
        request.path,
        json.dumps(call.raw),
        call.request.idempotency_key,
        status,
        int(call.replayed),
        call.fault_kind,
        time.time(),
    )
