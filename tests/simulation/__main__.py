"""Live a long year: `python3 -m sandbox run -- python -m tests.simulation --engagements 200`.

Says every finding, then the figures; exits with 1 when anything does not agree. With `--shards 2`
the engagements live in two worlds side by side (shards.py).
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time

import tests.conftest  # noqa: F401 - the environment that tests run in
from tests.simulation.comparing import figures, findings
from tests.simulation.shards import live_apart
from tests.simulation.world import world
from tests.simulation.year import Year, new_year

MONTH = 30.5
BAR = 40


def main(words: list[str]) -> int:
    wanted = arguments(words)
    logging.disable(logging.WARNING)
    if wanted.shards > 1:
        # Told to stop, it ends the others first.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        return live_apart(wanted.engagements, wanted.shards, wanted.seed, alike(wanted))
    helped, taxed = not wanted.alone, wanted.tax
    with world(wanted.seed, new_year(), wanted.workers, helped, taxed) as lived:
        year = Year(lived, wanted.seed, wanted.engagements, round(wanted.months * MONTH))
        year.live(Bar())
        found = findings(year)
        say("\n".join(found) or "Everything agrees, to the cent.")
        say(", ".join(f"{name}: {value}" for name, value in figures(year).items()))
        say(", ".join(f"{name}: {count}" for name, count in sorted(year.told.items())))
    return 1 if found else 0


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--engagements", type=int, default=200)
    parser.add_argument("--months", type=float, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--workers", action="store_true", help="real worker processes, killed and started again"
    )
    parser.add_argument("--tax", action="store_true", help="with taxes, as Stripe reckons them")
    parser.add_argument(
        "--alone", action="store_true", help="jobs by one process: slower, and in a fixed order"
    )
    parser.add_argument(
        "--shards", type=int, default=1, help="so many worlds at once, with seeds that follow"
    )
    return parser.parse_args(words)


def alike(wanted: argparse.Namespace) -> list[str]:
    """What each world is told alike."""
    switches = [f"--{name}" for name in ("workers", "tax", "alone") if getattr(wanted, name)]
    return ["--months", str(wanted.months), *switches]


class Bar:
    """How much of the year has passed, on stderr."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        part = done / of
        left = (time.monotonic() - self.began) * (1 - part) / part
        bar = "#" * round(BAR * part)
        print(  # noqa: T201
            f"\r[{bar:<{BAR}}] day {done} of {of}, {left:.0f} s left ",
            end="", file=sys.stderr,
        )  # fmt: skip


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program's own words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
