"""Writes the file that webapp.clock reads in every process."""

from datetime import datetime
from pathlib import Path

from sandbox.credentials import write_private
from webapp import clock


def set_business_time(path: Path, instant: datetime) -> None:
    """From now on business time runs from ``instant`` (aware), at the machine clock's pace."""
    offset = (instant - clock.machine_now()).total_seconds()
    write_private(path, f"{offset:.6f}")
