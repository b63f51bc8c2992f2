"""A second process that does jobs beside the year's own: `python -m tests.simulation.helping`.

It reads lines: for each it does what is due, and answers with how many jobs that were. Two cores
are busy then, and jobs meet in the database as they do in life.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.jobs import drain_jobs
from webapp import db
from workers.app import flask_app

MOST_TURNS = 100


@dataclass
class Pair:
    """Does what is due, with a helper; each leaves alone what the other has."""

    helper: subprocess.Popen[str]
    drain: Callable[[], int]

    def __call__(self) -> None:
        for _ in range(MOST_TURNS):
            self._say()
            done = self.drain()
            if done + self._hear() == 0:
                return
        raise AssertionError("jobs never ran out")

    def _say(self) -> None:
        assert self.helper.stdin
        self.helper.stdin.write("\n")
        self.helper.stdin.flush()

    def _hear(self) -> int:
        assert self.helper.stdout
        answer = self.helper.stdout.readline()
        assert answer, "the helper is gone"
        return int(json.loads(answer))


@contextmanager
def pair(database_url: str, settings: Mapping[str, str]) -> Iterator[Pair]:
    here = {**os.environ, **settings, "DATABASE_URL": database_url}
    words = [sys.executable, "-m", "tests.simulation.helping"]
    helper = subprocess.Popen(
        words, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Pair(helper, drain_jobs)
    finally:
        helper.kill()
        helper.wait(10)


def main() -> None:
    logging.disable(logging.WARNING)
    db.connect(os.environ["DATABASE_URL"], pool_pre_ping=False)
    with flask_app.app_context():
        for _ in sys.stdin:
            print(json.dumps(drain_jobs()), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
