"""Time zones by the names they have today, as the tz database itself lists them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones


def known_zone(name: str | None) -> bool:
    return bool(name) and name in _every()


@cache
def _every() -> frozenset[str]:
    """Looked up once: listing them reads a folder's hundreds of files."""
    return frozenset(available_timezones())


def current(name: str) -> str:
    """Today's name of a zone: 'Asia/Kathmandu' for 'Asia/Katmandu', as browsers still call it.

    What has no place of its own ('UTC', 'Etc/GMT+3') keeps its name.
    """
    links, found = _links(), name
    while found not in places() and found in links:
        found = links[found]
    return found if found in places() else name


@cache
def places() -> frozenset[str]:
    """The zones in which people live: those of zone.tab."""
    lines = _read("zone.tab")
    return frozenset(line.split("\t")[2] for line in lines if not line.startswith("#"))


@cache
def _links() -> dict[str, str]:
    """Old names and what they stand for: the lines 'L target name' of tzdata.zi."""
    pairs = (line.split() for line in _read("tzdata.zi") if line.startswith("L "))
    return {name: target for _, target, name in pairs}


def _read(name: str) -> list[str]:
    return (files("tzdata") / "zoneinfo" / name).read_text("utf-8").splitlines()
