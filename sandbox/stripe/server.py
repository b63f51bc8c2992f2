"""The HTTP server with its two threads, and why it may refuse to start."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.stripe.app import create_app, open_account, start_threads
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.weather import set_weather

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LIVE = ("sk_live_", "rk_live_")


class Refused(Exception):
    """Something that must never meet a stand-in: a live key, another machine."""


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open between requests and logs errors only."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).startswith("5"):
            super().log_request(code, size)


@dataclass(frozen=True)
class Options:
    """Where to listen and keep state, and where webhooks go. Port 0 is any free one."""

    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    api_key: str = "sk_test_standin"
    webhook_url: str = ""
    webhook_secret: str = ""
    weather: str = ""
    """What goes wrong from the start, as the JSON of ``core/weather.py``."""


def check(options: Options) -> None:
    """Raises ``Refused`` with the reason, for people."""
    live = sorted(k for k, v in os.environ.items() if any(mark in v for mark in _LIVE))
    if live:
        raise Refused(f"a live Stripe key is set in the environment ({', '.join(live)})")
    if not options.api_key.startswith("sk_test_"):
        raise Refused("the API key must start with sk_test_")
    if options.host not in LOOPBACK:
        raise Refused(f"it listens on loopback only, not on {options.host}")
    if options.webhook_url and not options.webhook_secret.startswith("whsec_"):
        raise Refused("webhooks need a secret that starts with whsec_")


def _set_weather(account: Account, text: str) -> None:
    try:
        set_weather(account, json.loads(text))
    except (TypeError, ValueError, AttributeError) as problem:
        account.store.close()
        raise Refused(f"its weather cannot be read ({problem})") from None


@dataclass
class Running:
    """A server that has its port and its threads; ``serve`` answers until ``stop``."""

    account: Account
    http: BaseWSGIServer
    threads: list[threading.Thread]

    @property
    def url(self) -> str:
        return self.account.origin

    def serve(self) -> None:
        self.http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        self.account.stopping.set()
        self.account.wake_sender.set()
        for thread in self.threads:
            thread.join()
        self.http.server_close()
        self.account.store.close()


def _open(options: Options) -> Account:
    try:
        return open_account(
            options.state,
            api_key=options.api_key,
            webhook_url=options.webhook_url,
            webhook_secret=options.webhook_secret,
        )
    except sqlite3.OperationalError as problem:
        raise Refused(f"its state folder {options.state} is in use ({problem})") from None


def start(options: Options) -> Running:
    check(options)
    account = _open(options)
    if options.weather:
        _set_weather(account, options.weather)
    app = create_app(account)
    http = make_server(options.host, options.port, app, threaded=True, request_handler=QuietHandler)
    account.settle_at(f"http://{options.host}:{http.server_port}")
    return Running(account, http, start_threads(app))


@contextmanager
def running(options: Options) -> Iterator[Running]:
    """Serve from a thread of this process, for tests."""
    server = start(options)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        thread.join()
        server.stop()
