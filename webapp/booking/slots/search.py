"""Where an event can start: the one rule behind every list of slots and every check of one.

Everything is worked out in whole minutes since 1970-01-01 UTC, as sets of possible starts: a
host's set is what opening hours leave room for, less what busy time and full days take away.
The grid of candidates is then laid over the set that remains.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce

from .hours import MINUTES_A_DAY, Busy, Event, Host, Mode
from .intervals import Interval, clipped, common, merged, without
from .local_time import SECONDS_A_DAY, Almanac, Stretch, check_zone, stretches

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_ORDINAL_OF_EPOCH = date(1970, 1, 1).toordinal()
# Merged windows reach into the second day, and a zone has skipped a whole day: a window that
# is open at some minute began less than four days before it. A week may begin or end seven away.
_REACH = 11 * 24 * 60

Opening = list[Interval]


@dataclass(frozen=True, slots=True)
class Openings:
    """One host's windows around the searched span, each as the UTC minutes it covers."""

    windows: list[Opening]
    days: range
    almanac: Almanac


def slots(
    event: Event,
    hosts: Sequence[Host],
    window_from: datetime,
    window_to: datetime,
    now: datetime,
    mode: Mode,
) -> list[datetime]:
    """Every start on offer in `[window_from, window_to)`, in UTC, sorted and unique.

    `single` takes one host; `round_robin` offers what any host offers; `collective` offers the
    first host's candidates at which all are free. So two adjoining query windows together
    give the slots of both. Raises ValueError for an unknown zone or mode, a naive instant, a
    window that ends before it starts or lies outside 1900–2199, or a number of hosts that
    does not fit the mode.
    """
    _check(hosts, window_from, window_to, now, mode)
    span = _span(event, window_from, window_to, now)
    if span[0] >= span[1]:
        return []
    groups = [[host] for host in hosts] if mode == "round_robin" else [hosts]
    starts = {start for group in groups for start in _starts(event, group, span)}
    return [EPOCH + timedelta(minutes=start) for start in sorted(starts)]


def offers(event: Event, hosts: Sequence[Host], now: datetime, mode: Mode, at: datetime) -> bool:
    """Whether `at`, which may come from a crafted request, is a slot. Errors as for `slots`."""
    return at in slots(event, hosts, at, at + _MINUTE, now, mode)


def next_slot(
    event: Event,
    hosts: Sequence[Host],
    window_from: datetime,
    window_to: datetime,
    now: datetime,
    mode: Mode,
) -> datetime | None:
    """The first of `slots`, without working out the rest. Errors as for `slots`."""
    _check(hosts, window_from, window_to, now, mode)
    start, reach = max(window_from, now), timedelta(days=7)
    while start < window_to:
        end = min(start + reach, window_to)
        found = slots(event, hosts, start, end, now, mode)
        if found:
            return found[0]
        start, reach = end, reach * 2
    return None


def _check(
    hosts: Sequence[Host], window_from: datetime, window_to: datetime, now: datetime, mode: Mode
) -> None:
    if any(moment.tzinfo is None for moment in (window_from, window_to, now)):
        raise ValueError("the window and now need a zone")
    if window_from > window_to:
        raise ValueError("the window ends before it starts")
    if window_from < EARLIEST or window_to > LATEST:
        raise ValueError("the window must lie within the years 1900 to 2199")
    if mode not in ("single", "collective", "round_robin"):
        raise ValueError(f"unknown mode {mode!r}")
    if mode == "single" and len(hosts) != 1:
        raise ValueError("single takes exactly one host")
    if not hosts:
        raise ValueError("at least one host is needed")
    for host in hosts:
        for time_zone in (host.time_zone, *(stay.time_zone for stay in host.travel)):
            check_zone(time_zone)


def _span(event: Event, window_from: datetime, window_to: datetime, now: datetime) -> Interval:
    """The minutes at which a slot may start, as far as the clock and the query go."""
    earliest = max(_minute_from(window_from), _minute_from(now) + event.min_notice)
    return earliest, _minute_from(window_to)


def _starts(event: Event, hosts: Sequence[Host], span: Interval) -> Iterator[int]:
    """The first host's candidates at which all hosts are free."""
    openings = [_openings(host, span, event.duration) for host in hosts]
    free = reduce(
        common,
        (
            _free_starts(event, host, opening, span)
            for host, opening in zip(hosts, openings, strict=True)
        ),
    )
    return _on_grid(openings[0].windows, event.step, free)


def _openings(host: Host, span: Interval, duration: int) -> Openings:
    """The host's windows that matter to events starting within the span."""
    start, end = span[0], span[1] + duration
    almanac = _almanac(host, (start - _REACH) * 60, (end + _REACH) * 60)
    offsets = [stretch.offset for zone in almanac.zones for stretch in zone]
    days = range(
        (start * 60 + min(offsets)) // SECONDS_A_DAY - 2,
        (end * 60 + max(offsets)) // SECONDS_A_DAY + 1,
    )
    windows = [
        opening
        for day, window in _local_windows(host, days)
        if (opening := almanac.minutes(day, *window))
    ]
    return Openings(windows, days, almanac)


def _almanac(host: Host, start: int, end: int) -> Almanac:
    """By which clock the host keeps each date around epoch seconds `[start, end)`."""
    near = range(*(_ORDINAL_OF_EPOCH + second // SECONDS_A_DAY for second in (start, end)))
    away: dict[int, list[Stretch]] = {}
    for stay in host.travel:
        zone = stretches(stay.time_zone, start, end)
        days = stay.ordinals()
        met = range(max(days.start, near.start - 1), min(days.stop, near.stop + 2))
        away |= dict.fromkeys((day - _ORDINAL_OF_EPOCH for day in met), zone)
    return Almanac(stretches(host.time_zone, start, end), away)


def _local_windows(host: Host, days: range) -> Iterator[tuple[int, Interval]]:
    """Merged windows by the day on which they start, in minutes from the start of that day."""
    overridden = {
        day.toordinal() - _ORDINAL_OF_EPOCH: merged(extents)
        for day, extents in host.override_extents().items()
    }
    weekly = [merged(extents) for extents in host.weekly_extents()]
    for day in days:
        # 1970-01-01 was a Thursday, the fourth day after Sunday.
        for window in overridden.get(day, weekly[(day + 4) % 7]):
            yield day, window


def _free_starts(event: Event, host: Host, openings: Openings, span: Interval) -> list[Interval]:
    """The run of minutes at which this host could start the event, on the grid or off it."""
    open_runs = merged(piece for opening in openings.windows for piece in opening)
    roomy = [
        (start, end - event.duration + 1)
        for start, end in open_runs
        if end - start >= event.duration
    ]
    taken = [
        *_blocked_starts(event, host.busy, span),
        *_full_days(event, host.busy, openings),
    ]
    return without(clipped(roomy, span), merged(taken))


def _blocked_starts(event: Event, busy: Iterable[Busy], span: Interval) -> Iterator[Interval]:
    """Starts at which the event, buffers included, would overlap busy time; touching is free.

    Rounding busy time outwards to whole minutes changes nothing for starts on whole minutes.
    """
    low, high = span
    lead = event.duration + event.buffer_after
    for taken in busy:
        first = _minute_until(taken.start) - taken.buffer_before - lead + 1
        if first < high:
            end = _minute_from(taken.end) + taken.buffer_after + event.buffer_before
            if first < end and end > low:
                yield first, end


def _full_days(event: Event, busy: Iterable[Busy], openings: Openings) -> Iterator[Interval]:
    """The local days on which the host has as many as they take a day, or in that week."""
    if event.per_day is None and event.per_week is None:
        return
    almanac = openings.almanac
    taken = [almanac.dates_at((one.start - EPOCH) // _SECOND) for one in busy if one.counts]
    a_day = Counter(day for days in taken for day in days)
    a_week = Counter(week for days in taken for week in {_week_of(day) for day in days})
    for day in openings.days:
        if _full(a_day[day], event.per_day) or _full(a_week[_week_of(day)], event.per_week):
            yield from almanac.minutes(day, 0, MINUTES_A_DAY)


def _full(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit


def _week_of(day: int) -> int:
    """Weeks from Monday, 1969-12-29, to the one of a day from 1970-01-01, a Thursday."""
    return (day + 3) // 7


def _on_grid(windows: Iterable[Opening], step: int, free: list[Interval]) -> Iterator[int]:
    """Candidates of each window, `step` minutes apart from its first open minute, that are free."""
    ends = [end for _, end in free]
    for opening in windows:
        anchor = opening[0][0]
        for start, end in opening:
            for position in range(bisect_right(ends, start), len(free)):
                low, high = free[position]
                if low >= end:
                    break
                first = max(start, low)
                yield from range(first + (anchor - first) % step, min(end, high), step)


def _minute_until(moment: datetime) -> int:
    """The last whole minute not after the instant."""
    return (moment - EPOCH) // _MINUTE


def _minute_from(moment: datetime) -> int:
    """The first whole minute not before the instant."""
    return -((EPOCH - moment) // _MINUTE)
