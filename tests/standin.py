"""The Stripe stand-in as a process, reached by the real SDK, and what a payer does there.

Webhooks leave it signed, over HTTP, and wait at a gate in this process: a test lets them through to
the app with `deliver()`. One process serves a whole run, and forgets everything between two tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_tests").partition(",")[0]
API_KEY = os.environ.get("STRIPE_API_KEY", "sk_test_tests")
CARD, DECLINED, NEEDS_3DS = "4242424242424242", "4000000000000002", "4000000000003220"
BANK, BANK_RETURNS = "000123456789", "000222222227"

Receive = Callable[[bytes, str], int]


class Gate:
    """Where the stand-in sends its webhooks; closed (503) unless a test is receiving."""

    def __init__(self) -> None:
        self.receive: Receive | None = None
        self.bodies: list[tuple[bytes, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/stripe/webhook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(gate) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # a connection is kept for the next webhook

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(gate.take(body, self.headers["Stripe-Signature"]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        return Handler

    def take(self, body: bytes, signature: str) -> int:
        if self.receive is None:
            return 503
        self.bodies.append((body, signature))
        return self.receive(body, signature)

    @contextmanager
    def open_to(self, receive: Receive) -> Iterator[None]:
        self.receive = receive
        try:
            yield
        finally:
            self.receive = None


@dataclass
class StandIn:
    """One running stand-in. Amounts, ids and objects are Stripe's. folder: one that somebody else
    clears, should this process be killed."""

    gate: Gate
    folder: Path | None = None
    receive: Receive = field(default=lambda _body, _signature: 200)
    usual: Receive | None = None
    process: subprocess.Popen[str] | None = None
    base: str = ""
    state: str = ""

    def __post_init__(self) -> None:
        self.web = requests.Session()
        self.web.trust_env = False

    # -- its life ----------------------------------------------------------------------------------

    def start(self) -> None:
        self.stop()
        self.state = tempfile.mkdtemp(prefix="standin-", dir=self.folder)
        command = [sys.executable, "-m", "sandbox.stripe", "--state", self.state]
        command += ["--api-key", API_KEY]
        command += ["--webhook-url", self.gate.url, "--webhook-secret", SECRET]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.base = self.process.stdout.readline().strip().partition(": ")[2]
        assert self.base, "the Stripe stand-in did not start"

    def stop(self) -> None:
        if self.process:
            self.process.kill()  # nothing of it is wanted any more
            self.process.wait(10)
            assert self.process.stdout
            self.process.stdout.close()
            self.process = None
            shutil.rmtree(self.state, ignore_errors=True)

    def fresh(self) -> None:
        """As if new: its objects, time, faults and switches, and no webhook of an earlier test."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.web.post(f"{self.base}/_sandbox/forget").raise_for_status()
        with self.gate.open_to(lambda _body, _signature: 200):
            self.control("deliver", seconds=10)
        self.gate.bodies.clear()

    def memory(self) -> dict[str, list[list[Any]]]:
        """All it knows, as `put_back` takes it."""
        known: dict[str, list[list[Any]]] = self.control("memory")
        return known

    def put_back(self, known: dict[str, list[list[Any]]]) -> None:
        self.web.put(f"{self.base}/_sandbox/memory", json=known, timeout=60).raise_for_status()

    # -- its controls ------------------------------------------------------------------------------

    def control(self, name: str, **fields: Any) -> Any:
        """Ask one of its own controls: with fields they are set, without they are read."""
        url = f"{self.base}/_sandbox/{name}"
        if not fields:
            return self.web.get(url, timeout=60).json()
        answer = self.web.post(url, json=fields, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def fault(self, match: str, kind: str, times: int = 1, **more: Any) -> None:
        """Let the next calls that match ('POST /v1/refunds') go wrong."""
        self.control("faults", match=match, kind=kind, times=times, **more)

    def advance(self, to: datetime) -> None:
        """Its time only goes forward; one that has passed already is left. On a busy machine a
        second may pass between reading its time and saying where to."""
        for ahead in range(6):
            wanted = max(int(to.timestamp()), self.control("time")["now"] + ahead)
            url = f"{self.base}/_sandbox/advance"
            answer = self.web.post(url, json={"to": wanted}, timeout=60)
            if answer.ok:
                return
        answer.raise_for_status()

    def objects(self, kind: str, **equal: Any) -> list[dict[str, Any]]:
        """Everything of a kind, newest first; what is equal to a text is picked out there."""
        texts = {key: value for key, value in equal.items() if isinstance(value, str)}
        return [
            one
            for one in self._found(kind=kind, **texts)
            if all(one[key] == value for key, value in equal.items())
        ]

    def _found(self, **wanted: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        found = self.web.get(f"{self.base}/_sandbox/objects", params=wanted, timeout=60).json()
        return found

    def of(self, kind: str, engagement: object) -> list[dict[str, Any]]:
        """What was made for one engagement, by its metadata, newest first."""
        return self._found(kind=kind, metadata__engagement=str(engagement))

    def calls(self, path: str) -> list[dict[str, Any]]:
        """The API calls it answered whose path begins so."""
        return [call for call in self.control("calls") if call["path"].startswith(path)]

    def api(self, verb: str, path: str, **fields: Any) -> Any:
        """What somebody does in Stripe's dashboard, with no help of the app's."""
        url = f"{self.base}/v1/{path}"
        answer = self.web.request(verb, url, data=fields, auth=(API_KEY, ""), timeout=30)
        answer.raise_for_status()
        return answer.json()

    def deliver(self) -> None:
        """Let the webhooks that wait through to the app."""
        with self.gate.open_to(self.receive):
            self.control("deliver", seconds=20)

    # -- what a payer does -------------------------------------------------------------------------

    def pay(
        self, url: str, number: str = CARD, email: str = "payer@example.com", country: str = "US"
    ) -> requests.Response:
        """Fill in the hosted Checkout page; its answer, redirects not followed."""
        typed = {"email": email, "number": number, "exp": f"12 / {time.gmtime().tm_year % 100 + 9}",
                 "cvc": "123", "name": "Pat Payer", "country": country}  # fmt: skip
        return self.web.post(url, data=typed, allow_redirects=False, timeout=30)

    def pay_by_bank(self, url: str, account: str = BANK) -> requests.Response:
        """Allow a US bank account to be debited, on the same page."""
        typed = {"account_name": "Pat Payer", "account_email": "payer@example.com",
                 "routing": "110000000", "account": account}  # fmt: skip
        return self.web.post(f"{url}/bank", data=typed, allow_redirects=False, timeout=30)

    def change_card(self, method: str, behaviour: str) -> None:
        self.control(f"cards/{method}", behaviour=behaviour)


def path_of(url: str) -> str:
    """What our own test client needs of an address under BASE_URL."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def event_named(body: bytes) -> str:
    return str(json.loads(body)["type"])


def visible(html: str) -> str:
    """The text of a page, tags and runs of space gone."""
    text = re.sub(r"<(script|style|template)\b.*?</\1>|<[^>]+>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " ").replace("&#39;", "'"))
