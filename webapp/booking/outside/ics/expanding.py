"""Working out a stranger's calendar file in a process of its own, which may be ended at any time.

A few bytes can ask for millions of occurrences, or for a search that never finds one: the process
has limits of time and memory, knows none of our secrets, and hands back busy times alone.

It is `python -m webapp.booking.outside.ics.expanding <zone> <first> <last> <own>... < file.ics`;
own: the owner's addresses.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import IO, cast

from webapp.booking.outside.ics.ics_file import BadFile, busy_times, from_texts, texts
from webapp.booking.outside.provider import BusyTime, OutsideRefused, OutsideSlow

ROOT = Path(__file__).parents[4]
CPU_SECONDS = 15
WALL_SECONDS = 30.0
MEMORY_BYTES = 512 * 1024 * 1024
# Ten thousand busy times of one event each, with names of usual length, are a quarter of this.
MOST_ANSWER_BYTES = 4 * 1024 * 1024
TOO_MUCH = "That calendar takes too long to work out: an event in it repeats without measure."


def expanded(
    file: bytes,
    time_zone: str,
    first: datetime,
    last: datetime,
    own: Collection[str] = (),
    seconds: float | None = None,
) -> list[BusyTime]:
    """As ics_file.busy_times, whatever the file holds; OutsideRefused says what is wrong.

    seconds: how long it may take, WALL_SECONDS unless given; OutsideSlow when that is over.
    """
    words = [time_zone, first.isoformat(), last.isoformat(), *own]
    try:
        answer = json.loads(_said(file, words, seconds or WALL_SECONDS))
    except ValueError:
        raise OutsideRefused(TOO_MUCH) from None
    if "problem" in answer:
        raise OutsideRefused(answer["problem"])
    return from_texts(answer["busy"])


def _said(file: bytes, words: list[str], seconds: float) -> bytes:
    """What the process says; it is ended when it takes too long or says too much."""
    until = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-m", __name__, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what a parser says may quote the file
        cwd=ROOT,
        env={},
    ) as process:
        end = Timer(seconds, process.kill)
        end.start()
        try:
            said = _told(process, file)
        finally:
            end.cancel()
            process.kill()
    if time.monotonic() >= until:
        raise OutsideSlow(TOO_MUCH)
    return said if len(said) <= MOST_ANSWER_BYTES else b""


def _told(process: subprocess.Popen[bytes], file: bytes) -> bytes:
    """It says nothing before it has heard all; what it says beyond the limit is not listened to."""
    with suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as heard:
        heard.write(file)
    return cast(IO[bytes], process.stdout).read(MOST_ANSWER_BYTES + 1)


def main(time_zone: str, first: str, last: str, *own: str) -> None:
    _limit()
    window = datetime.fromisoformat(first), datetime.fromisoformat(last)
    sys.stdout.write(json.dumps(_answer(sys.stdin.buffer.read(), time_zone, *window, own)))


def _answer(
    file: bytes, time_zone: str, first: datetime, last: datetime, own: Collection[str]
) -> dict[str, object]:
    try:
        return {"busy": texts(busy_times(file, time_zone, first, last, own))}
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
