"""``python -m sandbox.stripe``: serve the stand-in until it is told to stop."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.stripe.app import create_app, open_account, start_threads

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ENVIRONMENT = "STRIPE_STANDIN_"


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open between requests and logs errors only."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).startswith("5"):
            super().log_request(code, size)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Options, each also readable from ``STRIPE_STANDIN_<NAME>``."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    _option(parser, "--host", default="127.0.0.1")
    _option(parser, "--port", type=int, default="0")
    _option(parser, "--state", type=Path)
    _option(parser, "--webhook-url", default="")
    _option(parser, "--webhook-secret", default="")
    _option(parser, "--api-key", default="sk_test_standin")
    return parser.parse_args(argv)


def _option(parser: argparse.ArgumentParser, flag: str, **settings: object) -> None:
    name = _ENVIRONMENT + flag.strip("-").replace("-", "_").upper()
    default = os.environ.get(name, settings.pop("default", None))
    parser.add_argument(flag, default=default, required=default is None, **settings)  # type: ignore[arg-type]


def refusal(options: argparse.Namespace) -> str | None:
    """Why the stand-in must not start, if there is a reason."""
    live = [
        name for name, value in os.environ.items() if "sk_live_" in value or "rk_live_" in value
    ]
    if live:
        return f"a live Stripe key is set in the environment ({', '.join(sorted(live))})"
    if not options.api_key.startswith("sk_test_"):
        return "the API key must start with sk_test_"
    if options.host not in LOOPBACK:
        return f"it listens on loopback only, not on {options.host}"
    if options.webhook_url and not options.webhook_secret.startswith("whsec_"):
        return "webhooks need a secret that starts with whsec_"
    return None


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    reason = refusal(options)
    if reason:
        print(f"The Stripe stand-in does not start: {reason}.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    try:
        serve(options)
    except KeyboardInterrupt:
        return 0
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def serve(options: argparse.Namespace) -> None:
    account = open_account(
        options.state,
        origin="",
        api_key=options.api_key,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
    )
    app = create_app(account)
    server = make_server(
        options.host, options.port, app, threaded=True, request_handler=QuietHandler
    )
    account.origin = f"http://{options.host}:{server.server_port}"
    start_threads(app)
    print(f"Stripe stand-in: {account.origin}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
