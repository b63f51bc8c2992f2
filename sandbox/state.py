"""The folder a sandbox keeps everything in, and the claim that keeps two from sharing it."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.bootstrap import ROOT


class AlreadyRunning(Exception):
    """Another supervisor holds the state folder; ``pid`` and ``url`` are what it wrote there."""

    def __init__(self, pid: int, url: str) -> None:
        super().__init__(f"Righthand is already running (pid {pid}) at {url or 'a coming address'}")
        self.pid, self.url = pid, url


@dataclass(frozen=True)
class State:
    """Paths under one state folder. ``root`` itself can be walked through (PostgreSQL may run as
    another user), everything in it is private."""

    root: Path

    @classmethod
    def chosen(cls) -> "State":
        """``RIGHTHAND_STATE``, or ``.state`` beside the code."""
        return cls.at(Path(os.environ.get("RIGHTHAND_STATE") or ROOT / ".state"))

    @classmethod
    def at(cls, root: Path) -> "State":
        root.mkdir(mode=0o711, parents=True, exist_ok=True)
        return cls(root.resolve())

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def log(self, program: str) -> Path:
        return self.folder("logs") / f"{program}.log"

    @property
    def clock(self) -> Path:
        """Seconds between business time and machine time, as decimal text."""
        return self.root / "clock-offset"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @contextlib.contextmanager
    def claim(self) -> Iterator["Claim"]:
        """Holds the folder for this process; the kernel lets go of it however the process ends."""
        with self.lock.open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(*self.holder()) from None
            claim = Claim(self.lock)
            claim.announce("")
            yield claim

    def holder(self) -> tuple[int, str]:
        """(pid, url) as the holder of the claim wrote them; (0, "") before it did."""
        try:
            written = json.loads(self.lock.read_text())
        except (ValueError, FileNotFoundError):
            return 0, ""
        return written["pid"], written["url"]

    def is_claimed(self) -> bool:
        try:
            with self.lock.open("r") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def throwaway(self) -> "State":
        """A fresh state folder inside this one, for a run that leaves nothing."""
        return State.at(State.at(self.root / "throwaway").root / secrets.token_hex(4))

    def abandoned(self) -> list["State"]:
        """Throwaway folders whose supervisor is gone; one just made may not be claimed yet."""
        settled = time.time() - 60
        found = [path for path in self.root.glob("throwaway/*") if path.stat().st_mtime < settled]
        return [State(path) for path in sorted(found) if not State(path).is_claimed()]

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


@dataclass(frozen=True)
class Claim:
    path: Path

    def announce(self, url: str) -> None:
        """Tells a second start who is here and where; written whole or not at all to a reader."""
        self.path.write_text(json.dumps({"pid": os.getpid(), "url": url}))
