"""How long a slot search takes: `python -m tests.benchmarks.bench_slots`.

Sixty days of office hours, half-hour slots and 200 busy intervals a host. Prints milliseconds,
how the time grows with the hosts, and ratios to two other ways of finding the same slots, whose
answers must agree. It is the processor's time, so that neighbours on the machine do not count. The
ratios hold on any machine; exit status 1 where a target is missed.
"""

import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time
from zoneinfo import ZoneInfo

from tests.booking.oracle import Json, instant, oracle_slots
from webapp.booking.slots import next_slot, slots
from webapp.booking.slots.case import Case, answer, read_case

TARGET_MS = 2.0
MINUTE = timedelta(minutes=1)
OPENS = datetime(2027, 3, 1, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=60)


def bench_case(hosts: int) -> Json:
    """The case as JSON, the same at every run."""
    dice = random.Random(20270301)
    return {
        "now": (OPENS - timedelta(hours=12)).isoformat(),
        "window": {"from": OPENS.isoformat(), "to": CLOSES.isoformat()},
        "mode": "round_robin",
        "event": {
            "duration": 30,
            "step": 30,
            "buffer_before": 0,
            "buffer_after": 0,
            "min_notice": 0,
        },
        "hosts": [_host(dice) for _ in range(hosts)],
    }


def _host(dice: random.Random) -> Json:
    return {
        "time_zone": "America/New_York",
        "weekly": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}],
        "overrides": [],
        "busy": [_busy(dice) for _ in range(200)],
    }


def _busy(dice: random.Random) -> Json:
    start = OPENS + 5 * MINUTE * dice.randrange(60 * 288)
    end = start + 15 * MINUTE * dice.randrange(1, 7)
    return {"start": start.isoformat(), "end": end.isoformat()}


def full_case() -> Json:
    """The same for one host, with all that a host can have: limits, travel, buffers."""
    case = bench_case(1)
    [host] = case["hosts"]
    case["event"] |= {"limits": {"per_day": 4, "per_week": 20}, "buffer_after": 10}
    host["busy"] = [one | {"counts": True, "buffer_after": 5} for one in host["busy"]]
    host["travel"] = [{"from": "2027-03-10", "to": "2027-03-24", "time_zone": "Asia/Tokyo"}]
    return case


def plain_loop(case: Json) -> list[str]:
    """The usual way: walk the local days, and hold every candidate against every busy time."""
    host = case["hosts"][0]
    zone = ZoneInfo(host["time_zone"])
    busy = [(instant(one["start"]), instant(one["end"])) for one in host["busy"]]
    found = []
    for number in range(61):
        day = OPENS.date() + timedelta(days=number - 1)
        start = datetime(day.year, day.month, day.day, 9, tzinfo=zone).astimezone(UTC)
        for _ in range(16 if day.isoweekday() < 6 else 0):
            end = start + 30 * MINUTE
            if OPENS <= start < CLOSES and not any(a < end and b > start for a, b in busy):
                found.append(f"{start:%Y-%m-%dT%H:%M:%SZ}")
            start = end
    return found


def best_ms(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The shortest and the median time of a number of runs."""
    work()
    times = []
    for _ in range(rounds):
        began = process_time()
        work()
        times.append((process_time() - began) * 1000)
    return min(times), median(times)


def read(case: Json) -> Case:
    return read_case(json.dumps(case).encode())


def first_of_each(case: Case) -> None:
    """What a page with everyone's next free time needs."""
    for host in case.hosts:
        next_slot(case.event, [host], case.window_from, case.window_to, case.now, "single")


def each_alone(case: Case) -> None:
    for host in case.hosts:
        slots(case.event, [host], case.window_from, case.window_to, case.now, "single")


def main() -> int:
    case = bench_case(1)
    source, one = json.dumps(case).encode(), read(case)
    found = answer(source)["slots"]
    if not found == oracle_slots(case) == plain_loop(case):
        _say("the three ways disagree")
        return 1
    shortest, middle = best_ms(one.slots, 200)
    _say(f"one host: {shortest:.2f} ms at best, {middle:.2f} ms median, {len(found)} slots")
    _say(f"with JSON read and written: {best_ms(lambda: answer(source), 100)[1]:.2f} ms median")
    loop, oracle = (
        best_ms(lambda: plain_loop(case), 5)[0],
        best_ms(lambda: oracle_slots(case), 1)[0],
    )
    _say(f"plain loop: {loop:.1f} ms, {loop / shortest:.0f} times as long")
    _say(f"minute by minute: {oracle:.0f} ms, {oracle / shortest:.0f} times as long")
    full = full_case()
    if answer(json.dumps(full).encode())["slots"] != oracle_slots(full):
        _say("the engine and the oracle disagree")
        return 1
    fullest = best_ms(read(full).slots, 100)[0]
    _say(f"with limits, travel and buffers: {fullest:.2f} ms at best")
    growth = _growth(shortest)
    return 0 if max(shortest, fullest) <= TARGET_MS and growth < 2 else 1


def _growth(shortest: float) -> float:
    """Time per host among the most hosts, as a multiple of the time for one."""
    growth = 0.0
    for hosts in (10, 100, 1000):
        whole, first = _times_of(read(bench_case(hosts)))
        growth = whole / hosts / shortest
        _say(f"{hosts} hosts: {whole:.0f} ms, {growth:.2f} of one host each; next only {first:.0f}")
    return growth


def _times_of(case: Case) -> tuple[float, float]:
    """Milliseconds for everyone's slots, and for everyone's next one."""
    return best_ms(lambda: each_alone(case), 3)[0], best_ms(lambda: first_of_each(case), 3)[0]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
