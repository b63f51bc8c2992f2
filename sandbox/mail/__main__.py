"""``python -m sandbox.mail --port N --state DIR``: takes mail until ended."""

import argparse
import asyncio
import contextlib
import logging
import signal
from pathlib import Path

from sandbox.mail.sink import serve
from sandbox.mail.store import MailStore


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the folder mails are kept in")
    options = parser.parse_args()
    serving = asyncio.ensure_future(serve(MailStore.open(options.state), options.port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(main())
