"""Where a host could start an event at any minute: what several hosts' grids are compared by."""

from datetime import datetime, timedelta

from .hours import Event, Host
from .search import EPOCH, _check, _free_starts, _openings, _span


def spans(
    event: Event, host: Host, window_from: datetime, window_to: datetime, now: datetime
) -> list[tuple[datetime, datetime]]:
    """`[first, end)` of the whole minutes at which this host could start, on the grid or off it.

    In order and apart from each other, within the query window. Errors as for `slots`.
    """
    _check([host], window_from, window_to, now, "single")
    span = _span(event, window_from, window_to, now)
    if span[0] >= span[1]:
        return []
    free = _free_starts(event, host, _openings(host, span, event.duration), span)
    return [(EPOCH + timedelta(minutes=low), EPOCH + timedelta(minutes=high)) for low, high in free]
