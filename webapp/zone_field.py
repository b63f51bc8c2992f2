"""Zones as a reader chooses them, on every page the same: 'New York (UTC−5)'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import SelectField

from webapp import clock
from webapp.web import zone_offset, zone_place
from webapp.zone_names import current, known_zone, places

NOON = time(12)


@dataclass(frozen=True)
class Choice:
    """label: 'New York (UTC−5)', so that typing 'New Y' in the list finds it."""

    name: str
    label: str


@dataclass(frozen=True)
class Group:
    label: str
    choices: tuple[Choice, ...]


class ZoneField(SelectField):  # type: ignore[misc]  # WTForms brings no types
    """A zone by its present name; old names that a browser or a row still has are brought up."""

    def __init__(self, label: str = "Time zone", *args: Any, **kwargs: Any) -> None:
        super().__init__(label, *args, choices=[], **kwargs)

    def process_data(self, value: Any) -> None:
        super().process_data(current(value) if value else value)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([current(value) for value in valuelist])

    def process(self, *args: Any, **kwargs: Any) -> None:
        super().process(*args, **kwargs)
        self.offer(clock.now().date())

    def offer(self, on: date, likely: Iterable[str] = ()) -> None:
        """Every zone with its offset on that date, the field's own and the likely ones first."""
        meant = [name for name in (self.data, self.object_data, *likely) if known_zone(name)]
        groups = menu(meant[0] if meant else "UTC", on, meant)
        self.choices = {
            group.label: [(choice.name, choice.label) for choice in group.choices]
            for group in groups
        }


def menu(zone: str, on: date, likely: Iterable[str] = ()) -> list[Group]:
    """Every zone with its offset on that date; first the ones this reader may mean."""
    meant = [current(name) for name in (zone, *filter(known_zone, likely), "UTC")]
    first = tuple(_choice(name, on) for name in dict.fromkeys(meant))
    return [Group("Likely", first), *_regions(on)]


@lru_cache(maxsize=64)
def _regions(on: date) -> tuple[Group, ...]:
    return tuple(
        Group(
            region, tuple(sorted((_choice(zone.key, on) for zone in zones), key=lambda c: c.label))
        )
        for region, zones in _by_region().items()
    )


@lru_cache
def _by_region() -> dict[str, list[ZoneInfo]]:
    """Kept as they were read: zoneinfo itself forgets all but a few, and reads them anew."""
    found: dict[str, list[ZoneInfo]] = {}
    for name in sorted(places()):
        found.setdefault(name.split("/")[0], []).append(ZoneInfo(name))
    return found


def _choice(name: str, on: date) -> Choice:
    offset = zone_offset(name, datetime.combine(on, NOON, ZoneInfo(name)))
    return Choice(name, name if name == offset else f"{place(name)} ({offset})")


def place(zone: str) -> str:
    """'New York'; where a region has parts, 'Knox, Indiana'."""
    return ", ".join(reversed([part.replace("_", " ") for part in zone.split("/")[1:]])) or (
        zone_place(zone)
    )
