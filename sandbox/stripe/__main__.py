"""``python -m sandbox.stripe``: serve the stand-in until it is told to stop.

Every option can also be set as ``STRIPE_STANDIN_<NAME>``, such as ``STRIPE_STANDIN_WEBHOOK_URL``.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from sandbox.stripe.server import Options, Refused, start

_ENVIRONMENT = "STRIPE_STANDIN_"


def arguments(argv: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.stripe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _option(parser, "--state", type=Path, help="folder for its one database file")
    _option(parser, "--host", default="127.0.0.1", help="a loopback address")
    _option(parser, "--port", type=int, default="0", help="0 for any free one")
    _option(parser, "--api-key", default="sk_test_standin", help="the key clients must use")
    _option(parser, "--webhook-url", default="", help="where events are sent; none if empty")
    _option(parser, "--webhook-secret", default="", help="signs the events: whsec_...")
    _option(parser, "--weather", default="", help="what goes wrong from the start, as JSON")
    return Options(**vars(parser.parse_args(argv)))


def _option(parser: argparse.ArgumentParser, flag: str, **settings: Any) -> None:
    name = _ENVIRONMENT + flag.strip("-").replace("-", "_").upper()
    default = os.environ.get(name, settings.pop("default", None))
    parser.add_argument(flag, default=default, required=default is None, **settings)


def main(argv: list[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server = start(arguments(argv))
    except Refused as reason:
        print(f"The Stripe stand-in does not start: {reason}.", file=sys.stderr)
        return 2
    print(f"Stripe stand-in: {server.url}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        server.stop()
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
