"""A long year in several worlds at once, each with a part of the engagements and a seed of its own.

They share nothing but the machine: each has its own database, stand-in, mail server and clock, so
that as many cores are busy as there are worlds. Each lives what it would alone, under its seed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

YEAR = (sys.executable, "-m", "tests.simulation")


@dataclass
class Shard:
    """One world, lived in a process of its own. said: what it put out, complaints included."""

    seed: int
    engagements: int
    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def end(self) -> int:
        """Wait for it, and pass on what it has said; its exit code."""
        code = self.process.wait()
        self.said.seek(0)
        print(f"\nSeed {self.seed}, {self.engagements} engagements:", flush=True)  # noqa: T201
        print(self.said.read().decode(errors="replace"), flush=True)  # noqa: T201
        return code


def parts(engagements: int, count: int) -> list[int]:
    """As alike as can be: 200 in 3 are 67, 67 and 66."""
    return [engagements // count + (n < engagements % count) for n in range(count)]


def live_apart(engagements: int, count: int, seed: int, words: Sequence[str]) -> int:
    """Worlds with the seeds that follow upon `seed`; 0 if everything agrees in each. The bar is
    that of the first. words: the other arguments, for each alike."""
    with ExitStack() as stack:
        shards = [
            _start(stack, seed + n, part, n == 0, words)
            for n, part in enumerate(parts(engagements, count))
        ]
        return max([shard.end() for shard in shards], key=abs)


def _start(stack: ExitStack, seed: int, part: int, bar: bool, words: Sequence[str]) -> Shard:
    said = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is entered here
    own = ("--seed", str(seed), "--engagements", str(part))
    stderr = None if bar else said
    process = subprocess.Popen([*YEAR, *words, *own], stdout=said, stderr=stderr)
    stack.callback(_stop, process)
    return Shard(seed, part, process, said)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()
