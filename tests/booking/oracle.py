"""A slow second opinion on slots: every minute of every host, one at a time.

It shares nothing with the engine, not even the library that knows the zones: it reads the JSON
case itself, asks zoneinfo for the wall clock of each minute, and looks that up in the hours.

`python -m tests.booking.oracle` writes the answers of the cases beside it afresh.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
CASES = Path(__file__).with_name("cases")

Json = dict[str, Any]
# The window of a date that a minute belongs to: (the date, the window's first minute of day).
WindowKey = tuple[date, int]


def oracle_slots(case: Json) -> list[str]:
    """The answer to a case, as `YYYY-MM-DDTHH:MM:SSZ` strings in order."""
    hosts = [HostMinutes(host, case) for host in case["hosts"]]
    if case["mode"] == "round_robin":
        found = {start for host in hosts for start in host.candidates() if host.takes(start)}
    else:
        found = {
            start for start in hosts[0].candidates() if all(host.takes(start) for host in hosts)
        }
    return [f"{start:%Y-%m-%dT%H:%M:%SZ}" for start in sorted(found) if _in_time(case, start)]


def _in_time(case: Json, start: datetime) -> bool:
    notice = timedelta(minutes=case["event"]["min_notice"])
    window = case["window"]
    return start >= instant(case["now"]) + notice and instant(window["from"]) <= start < instant(
        window["to"]
    )


class HostMinutes:
    """Which minutes of one host are open, and in which windows."""

    def __init__(self, host: Json, case: Json) -> None:
        self.host = host
        self.event = case["event"]
        self.home = ZoneInfo(host["time_zone"])
        self.stays = [
            (stay["from"], stay["to"], ZoneInfo(stay["time_zone"]))
            for stay in host.get("travel", [])
        ]
        self.zones = {self.home, *(zone for _, _, zone in self.stays)}
        self.windows: dict[WindowKey, list[datetime]] = {}
        self.open: set[datetime] = set()
        self._hours: dict[date, list[int | None]] = {}
        self._walk(case)

    def candidates(self) -> Iterator[datetime]:
        """Every `step` minutes from each window's first open minute, while inside it."""
        for minutes in self.windows.values():
            anchor = minutes[0]
            for minute in minutes:
                if (minute - anchor) // MINUTE % self.event["step"] == 0:
                    yield minute

    def takes(self, start: datetime) -> bool:
        """Open throughout, not blocked, and not on a full day."""
        return self._open_throughout(start) and not self._blocked(start) and not self._full(start)

    def _walk(self, case: Json) -> None:
        """Visit every minute from well before the window to well after it."""
        minute = instant(case["window"]["from"]).replace(second=0, microsecond=0) - 4 * DAY
        end = instant(case["window"]["to"]) + (self.event["duration"] + 1) * MINUTE
        while minute < end:
            for key in self._windows_at(minute):
                self.windows.setdefault(key, []).append(minute)
                self.open.add(minute)
            minute += MINUTE

    def _windows_at(self, moment: datetime) -> Iterator[WindowKey]:
        """A merged window reaches into the second day after the date it belongs to at most."""
        for zone in self.zones:
            wall = moment.astimezone(zone)
            for days_ago in range(2):
                day = wall.date() - days_ago * DAY
                minute = days_ago * 1440 + wall.hour * 60 + wall.minute
                first = self._hours_of(day)[minute]
                if first is not None and self._zone_of(day) == zone:
                    yield day, first

    def _zone_of(self, day: date) -> ZoneInfo:
        """Where the host is on a date."""
        for first, last, zone in self.stays:
            if first <= day.isoformat() <= last:
                return zone
        return self.home

    def _hours_of(self, day: date) -> list[int | None]:
        """For each minute of a date and the next: the start of the merged window it is in."""
        if day not in self._hours:
            self._hours[day] = _marked(self._windows_of(day))
        return self._hours[day]

    def _windows_of(self, day: date) -> list[Json]:
        overrides = [one for one in self.host["overrides"] if one["date"] == day.isoformat()]
        if overrides:
            return [window for override in overrides for window in override["windows"]]
        return [one for one in self.host["weekly"] if day.isoweekday() % 7 in one["days"]]

    def _open_throughout(self, start: datetime) -> bool:
        return all(start + k * MINUTE in self.open for k in range(self.event["duration"]))

    def _blocked(self, start: datetime) -> bool:
        before = start - self.event["buffer_before"] * MINUTE
        after = start + (self.event["duration"] + self.event["buffer_after"]) * MINUTE
        return any(
            before < instant(busy["end"]) + busy.get("buffer_after", 0) * MINUTE
            and after > instant(busy["start"]) - busy.get("buffer_before", 0) * MINUTE
            for busy in self.host["busy"]
        )

    def _full(self, start: datetime) -> bool:
        limits = self.event.get("limits", {})
        return self._used_up(limits.get("per_day"), start, date.isoformat) or self._used_up(
            limits.get("per_week"), start, lambda day: f"{day:%G-%V}"
        )

    def _used_up(self, limit: int | None, start: datetime, name: Callable[[date], str]) -> bool:
        """Whether a day or week of this start, under its name, has as many as it may have."""
        if limit is None:
            return False
        counted = [self._named(instant(one["start"]), name) for one in self._counted()]
        return any(
            sum(here in names for names in counted) >= limit for here in self._named(start, name)
        )

    def _counted(self) -> list[Json]:
        return [one for one in self.host["busy"] if one.get("counts")]

    def _named(self, moment: datetime, name: Callable[[date], str]) -> set[str]:
        """What the dates of an instant are called: a traveller may have two of them, or none."""
        dates = ((moment.astimezone(zone).date(), zone) for zone in self.zones)
        return {name(day) for day, zone in dates if self._zone_of(day) == zone}


def _marked(windows: list[Json]) -> list[int | None]:
    """Two days of minutes, each with the start of the run of open minutes that it is part of."""
    is_open = [False] * 2881
    for window in windows:
        start, end = _minutes(window["start"]), _minutes(window["end"])
        for minute in range(start, end if end > start else end + 1440):
            is_open[minute] = True
    run_start: list[int | None] = []
    for minute, opened in enumerate(is_open):
        earlier = run_start[-1] if run_start else None
        run_start.append((minute if earlier is None else earlier) if opened else None)
    return run_start


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def answer_cases() -> None:
    for path in sorted(CASES.glob("*.json")):
        case = json.loads(path.read_text())
        lines = json.dumps({**case, "slots": oracle_slots(case["case"])}, indent=1)
        path.write_text(lines + "\n")


if __name__ == "__main__":
    answer_cases()
