"""The written slot cases, and the two ways of having them solved."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.booking.oracle import CASES, Json
from webapp.booking.slots.case import answer

ROOT = Path(__file__).parents[2]


def named(name: str) -> Json:
    loaded: Json = json.loads((CASES / f"{name}.json").read_text())
    return loaded


def solved(case: Json) -> list[str]:
    return answer(json.dumps(case).encode())["slots"]


def run(source: bytes, zone: str = "UTC", **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "webapp.booking.slots"],
        input=source,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "TZ": zone, **settings},
        timeout=60,
        check=False,
    )
