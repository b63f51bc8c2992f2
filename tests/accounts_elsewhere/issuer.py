"""An OAuth 2 issuer with one person in it: strict about clients, codes, PKCE, scopes and expiry."""

from __future__ import annotations

import base64
import hashlib
import itertools
import threading
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, abort, g, jsonify, request
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "righthand-tests", "a secret between two programs"
LIFETIME = 3600


@dataclass
class Issuer:
    """scopes: what it can grant. asked_with: what an authorization request must carry besides.

    rotates: whether a refresh token works once and the answer brings the next.
    """

    scopes: frozenset[str]
    asked_with: dict[str, str]
    redirect: str
    rotates: bool = False
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: dict[str, frozenset[str]] = field(default_factory=dict)
    refresh: dict[str, frozenset[str]] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    serial: Any = field(default_factory=lambda: itertools.count(1))
    # Answers that the next calls get instead of their own: (status, body, headers).
    out_of_order: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask(__name__)
        app.before_request(self._interfere)
        app.post("/token")(self.token)
        app.post("/revoke")(self.revoke)
        return app

    # -- what the person does ----------------------------------------------------------------------

    def consent(self, address: str, *, untick: str = "") -> str:
        """Say yes on its page; the address that the browser is then sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == self.redirect
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        assert asked.items() >= self.asked_with.items()
        scopes = frozenset(asked["scope"].split())
        assert scopes <= self.scopes, f"nobody may ask for {scopes - self.scopes}"
        code = f"code-{next(self.serial)}"
        granted = frozenset(scope for scope in scopes if not untick or untick not in scope)
        self.codes[code] = {"scopes": granted, "challenge": asked["code_challenge"]}
        return f"{self.redirect}?{urlencode({'code': code, 'state': asked['state']})}"

    def refuse(self, address: str) -> str:
        state = parse_qs(urlsplit(address).query)["state"][0]
        return f"{self.redirect}?{urlencode({'error': 'access_denied', 'state': state})}"

    def expire(self) -> None:
        """An hour passes: no access token works any more."""
        self.access.clear()

    def withdraw(self) -> None:
        """The person takes the permission away in their account."""
        self.access.clear()
        self.refresh.clear()

    # -- what programs ask -------------------------------------------------------------------------

    def token(self) -> Any:
        sent = request.form
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client"), 401
        if sent["grant_type"] == "refresh_token":
            return self._refreshed(sent.get("refresh_token", ""))
        known = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if known is None or known["challenge"] != challenge:
            return jsonify(error="invalid_grant"), 400
        if sent.get("redirect_uri") != self.redirect:
            return jsonify(error="redirect_uri_mismatch"), 400
        return self._granted(known["scopes"], self._new_refresh(known["scopes"]))

    def _refreshed(self, token: str) -> Any:
        scopes = self.refresh.get(token)
        if scopes is None:
            return jsonify(error="invalid_grant", error_description="Token revoked."), 400
        if not self.rotates:
            return self._granted(scopes)
        del self.refresh[token]
        return self._granted(scopes, self._new_refresh(scopes))

    def _new_refresh(self, scopes: frozenset[str]) -> str:
        token = f"refresh-{next(self.serial)}"
        self.refresh[token] = scopes
        return token

    def _granted(self, scopes: frozenset[str], refresh: str = "") -> Any:
        token = f"access-{next(self.serial)}"
        self.access[token] = scopes
        told = " ".join(sorted(scopes - {"offline_access"}))
        answer = {
            "access_token": token, "expires_in": LIFETIME, "token_type": "Bearer", "scope": told,
        }  # fmt: skip
        return jsonify(answer | ({"refresh_token": refresh} if refresh else {}))

    def revoke(self) -> Any:
        token = request.form["token"]
        self.revoked.append(token)
        if token not in self.refresh:
            return jsonify(error="invalid_token"), 400
        self.withdraw()
        return "", 200

    def needs(self, *scopes: str) -> Any:
        """A view that works only with a live token of one of these scopes."""

        def declare(view: Any) -> Any:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                if token not in self.access:
                    abort(401)
                if not self.access[token] & set(scopes):
                    abort(403)
                g.scopes = self.access[token]
                return view(*args, **kwargs)

            return guarded

        return declare

    def _interfere(self) -> Any:
        self.calls.append((request.method, request.full_path.rstrip("?")))
        if self.out_of_order:
            status, body, headers = self.out_of_order.pop(0)
            return body, status, headers
        return None


class Served:
    """A Flask app on a port of 127.0.0.1, in a thread of this process."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
