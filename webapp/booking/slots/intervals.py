"""Arithmetic on half-open intervals of whole numbers, `(start, end)` with `start < end`.

A *run* is a list of intervals in order, none touching the next.
"""

from collections.abc import Iterable
from operator import itemgetter

Interval = tuple[int, int]


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The run that covers the same numbers; touching intervals become one."""
    run: list[Interval] = []
    for start, end in sorted(intervals, key=itemgetter(0)):
        if run and start <= run[-1][1]:
            if end > run[-1][1]:
                run[-1] = (run[-1][0], end)
        else:
            run.append((start, end))
    return run


def clipped(intervals: Iterable[Interval], bounds: Interval) -> list[Interval]:
    """The parts that lie within the bounds."""
    low, high = bounds
    return [
        (max(start, low), min(end, high))
        for start, end in intervals
        if start < high and end > low and max(start, low) < min(end, high)
    ]


def without(run: list[Interval], removed: list[Interval]) -> list[Interval]:
    """What of one run is not in the other."""
    left: list[Interval] = []
    position = 0
    for start, end in run:
        while position < len(removed) and removed[position][1] <= start:
            position += 1
        start_left, ahead = start, position
        while ahead < len(removed) and removed[ahead][0] < end:
            if removed[ahead][0] > start_left:
                left.append((start_left, removed[ahead][0]))
            start_left = removed[ahead][1]
            ahead += 1
        if start_left < end:
            left.append((start_left, end))
    return left


def common(run: list[Interval], other: list[Interval]) -> list[Interval]:
    """What is in both runs."""
    shared: list[Interval] = []
    here, there = 0, 0
    while here < len(run) and there < len(other):
        start = max(run[here][0], other[there][0])
        end = min(run[here][1], other[there][1])
        if start < end:
            shared.append((start, end))
        if run[here][1] <= other[there][1]:
            here += 1
        else:
            there += 1
    return shared
