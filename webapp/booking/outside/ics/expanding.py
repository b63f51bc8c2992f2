"""Working out a stranger's calendar file in a process of its own, which may be ended at any time.

A few bytes can ask for millions of occurrences, or for a search that never finds one: the process
has limits of time and memory, knows none of our secrets, and hands back busy times alone.

`python -m webapp.booking.outside.ics.expanding <zone> <first> <last> < file.ics` is that process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from webapp.booking.outside.ics.ics_file import BadFile, busy_times, from_texts, texts
from webapp.booking.outside.provider import BusyTime, OutsideRefused

ROOT = Path(__file__).parents[4]
CPU_SECONDS = 15
WALL_SECONDS = 30
MEMORY_BYTES = 512 * 1024 * 1024
TOO_MUCH = "That calendar takes too long to work out: an event in it repeats without measure."


def expanded(file: bytes, time_zone: str, first: datetime, last: datetime) -> list[BusyTime]:
    """As ics_file.busy_times, whatever the file holds; OutsideRefused says what is wrong."""
    words = [time_zone, first.isoformat(), last.isoformat()]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-m", __name__, *words],
            input=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a parser says may quote the file
            cwd=ROOT,
            env={},
            timeout=WALL_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise OutsideRefused(TOO_MUCH) from None
    if "problem" in answer:
        raise OutsideRefused(answer["problem"])
    return from_texts(answer["busy"])


def main(time_zone: str, first: str, last: str) -> None:
    _limit()
    window = datetime.fromisoformat(first), datetime.fromisoformat(last)
    sys.stdout.write(json.dumps(_answer(sys.stdin.buffer.read(), time_zone, *window)))


def _answer(file: bytes, time_zone: str, first: datetime, last: datetime) -> dict[str, object]:
    try:
        return {"busy": texts(busy_times(file, time_zone, first, last))}
    except BadFile as problem:
        return {"problem": str(problem)}
    except (MemoryError, RecursionError):
        return {"problem": TOO_MUCH}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
