"""Starts the sandbox as a person does, and looks at what it leaves behind."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.bootstrap import ROOT

# A demo under test has servers of its own, whatever the test run was given.
NOT_INHERITED = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "PORT", "RIGHTHAND_STATE")


def environment(state: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return kept | {"RIGHTHAND_STATE": str(state)} | more


@contextlib.contextmanager
def state_folder() -> Iterator[Path]:
    """Under /tmp and open to be walked through, as PostgreSQL may run as another user."""
    path = Path(tempfile.mkdtemp(prefix="righthand-test-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def eventually(holds: Callable[[], object], seconds: float = 20) -> bool:
    """Whether it comes to hold in that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class RunningDemo:
    """A started ``python -m sandbox.cli demo`` and its printed lines."""

    process: "subprocess.Popen[bytes]"
    state: Path
    output: Path

    @classmethod
    def start(cls, state: Path, patience: float = 90, **more: str) -> "RunningDemo":
        """Returns once it has said where it is. Without a past, unless told otherwise."""
        output = state / "printed"
        with output.open("wb") as handle:
            process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.cli", "demo"],
                cwd=ROOT,
                env=environment(state, **{"DEMO_PAST": "off"} | more),
                stdout=handle,
                stderr=subprocess.STDOUT,
            )
        demo = cls(process, state, output)
        assert eventually(lambda: demo.page or process.poll() is not None, patience), demo.printed
        assert process.poll() is None, demo.printed
        return demo

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def line(self, start: str) -> str:
        found = [line for line in self.printed.splitlines() if line.startswith(start)]
        return found[0].removeprefix(start).strip() if found else ""

    @property
    def url(self) -> str:
        return self.line("Righthand:")

    @property
    def page(self) -> str:
        return self.line("Mail and time:")

    def pid(self, program: str) -> int:
        written = json.loads((self.state / "run" / f"{program}.json").read_text())
        return int(written["pid"])

    def everyone(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)


def alive(processes: list[psutil.Process]) -> list[str]:
    """Those that still run; a zombie that waits for its parent does not."""
    return [str(each) for each in processes if runs(each)]


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
