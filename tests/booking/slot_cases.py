"""Random slot searches, as JSON cases, for hypothesis."""

from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import strategies as st

from tests.booking.oracle import Json

# Zones with a moment worth searching around: gaps, folds, skipped dates, offsets with seconds.
RESTLESS = [
    ("America/New_York", "2027-03-14"),
    ("America/New_York", "2027-11-07"),
    ("Europe/London", "2027-03-28"),
    ("Europe/Dublin", "2027-10-31"),
    ("Australia/Lord_Howe", "2027-04-04"),
    ("Australia/Lord_Howe", "2027-10-03"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Havana", "2027-11-07"),
    ("Pacific/Chatham", "2027-04-04"),
    ("America/St_Johns", "2006-10-29"),
    ("Antarctica/Troll", "2027-03-28"),
    ("Africa/Casablanca", "2027-02-07"),
    ("America/Nuuk", "2023-03-26"),
    ("Africa/Monrovia", "1972-01-07"),
    ("Africa/Freetown", "1939-09-05"),
    ("Asia/Pyongyang", "2018-05-04"),
    ("Asia/Kathmandu", "1986-01-01"),
    ("Europe/Moscow", "1919-07-01"),
]
DAY = timedelta(days=1)
FAR_ZONES = ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
ANY_ZONE = sorted(name for name in available_timezones() if "/" in name)

dates = st.dates(date(1905, 1, 1), date(2190, 1, 1)).map(date.isoformat)
clock_times = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
# Round times make windows touch, adjoin and meet changes of the clocks.
round_times = st.sampled_from(["00:00", "01:00", "01:30", "02:00", "02:30", "03:00", "12:00"])
late_times = st.sampled_from(["22:00", "23:00", "23:30"])
starts_of_day = round_times | late_times | clock_times
ends_of_day = starts_of_day | st.just("24:00")
long_hours = [("00:00", "12:00"), ("09:00", "17:00"), ("22:00", "06:00"), ("01:30", "01:30")]
windows = st.sampled_from(long_hours).map(lambda pair: {"start": pair[0], "end": pair[1]}) | (
    st.fixed_dictionaries({"start": starts_of_day, "end": ends_of_day})
)


def spelled(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@st.composite
def busy_times(draw: st.DrawFn, around: datetime) -> Json:
    days = draw(st.sampled_from([3, 3, 8]))  # a week's limit counts what is further away
    start = around + timedelta(seconds=draw(st.integers(-days * 86400, days * 86400)))
    if draw(st.booleans()):
        start = start.replace(second=0)
    end = start + timedelta(minutes=draw(st.integers(0, 300)))
    found: Json = {"start": spelled(start), "end": spelled(end)}
    for key, values in (
        ("buffer_before", st.integers(0, 45)),
        ("buffer_after", st.integers(0, 45)),
        ("counts", st.booleans()),
    ):
        if draw(st.booleans()):
            found[key] = draw(values)
    return found


@st.composite
def travels(draw: st.DrawFn, around: datetime) -> list[Json]:
    """Up to two stays elsewhere, one after the other, often far away and often adjoining."""
    found, start = [], around + timedelta(days=draw(st.integers(-6, 1)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        end = start + timedelta(days=draw(st.integers(0, 4)))
        zone = draw(st.sampled_from(FAR_ZONES) | st.sampled_from(ANY_ZONE))
        days = {"from": start.date().isoformat(), "to": end.date().isoformat()}
        found.append({**days, "time_zone": zone})
        start = end + timedelta(days=draw(st.integers(1, 2)))
    return found


@st.composite
def host_of(draw: st.DrawFn, zone: str, around: datetime) -> Json:
    days = st.just([*range(7)]) | st.lists(st.integers(0, 6), min_size=1, max_size=7)
    near = st.integers(-3, 3).map(lambda k: (around + timedelta(days=k)).date().isoformat())
    return {
        "time_zone": zone,
        "weekly": [{"days": draw(days), **draw(windows)} for _ in range(draw(st.integers(1, 3)))],
        "overrides": [
            {"date": draw(near), "windows": draw(st.lists(windows, max_size=2))}
            for _ in range(draw(st.sampled_from([0, 0, 1, 2])))
        ],
        "busy": draw(st.lists(busy_times(around), max_size=3)),
        "travel": draw(travels(around)),
    }


@st.composite
def events(draw: st.DrawFn) -> Json:
    long = st.integers(91, 600)
    none, few = st.none(), st.integers(0, 3)
    event = {
        "duration": draw(st.sampled_from([15, 30, 60, 90]) | st.integers(1, 90) | long),
        "step": draw(st.sampled_from([15, 30]) | st.integers(1, 70)),
        "buffer_before": draw(st.integers(0, 30)),
        "buffer_after": draw(st.integers(0, 30)),
        "min_notice": draw(st.just(0) | st.integers(0, 3000)),
    }
    limits = {"per_day": draw(none | none | few), "per_week": draw(none | none | few)}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return {**event, "limits": given} if given else event


@st.composite
def limited_cases(draw: st.DrawFn) -> Json:
    """Open around the clock, with limits that a counted time or two use up, often on a journey."""
    zone = draw(st.sampled_from([zone for zone, _ in RESTLESS[:10]] + FAR_ZONES))
    noon = datetime.fromisoformat("2027-06-09T12:00:00Z") + draw(st.integers(0, 6)) * DAY
    counted = [
        noon + timedelta(hours=hours)
        for hours in draw(st.lists(st.integers(-8 * 24, 8 * 24), min_size=1, max_size=4))
    ]
    return {
        "now": "2000-01-01T00:00:00Z",
        "invitee_time_zone": "UTC",
        "window": {"from": spelled(noon - DAY), "to": spelled(noon + DAY)},
        "mode": "single",
        "event": {
            "duration": 60, "step": 60, "buffer_before": 0, "buffer_after": 0, "min_notice": 0,
            "limits": {draw(st.sampled_from(["per_day", "per_week"])): draw(st.integers(1, 2))},
        },
        "hosts": [
            {
                "time_zone": zone,
                "weekly": [{"days": [*range(7)], "start": "00:00", "end": "24:00"}],
                "overrides": [],
                "busy": [
                    {"start": spelled(start), "end": spelled(start), "counts": True}
                    for start in counted
                ],
                "travel": draw(travels(noon)),
            }
        ],
    }  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Json:
    zone, day = draw(st.sampled_from(RESTLESS) | st.tuples(st.sampled_from(ANY_ZONE), dates))
    noon = datetime.fromisoformat(f"{day}T12:00:00Z")
    # Long before, or in the midst of things and not on a whole minute.
    now = noon + timedelta(seconds=draw(st.just(-9 * 86400) | st.integers(-3 * 86400, 0)))
    opens = noon + timedelta(seconds=draw(st.integers(-36 * 3600, 12 * 3600)))
    length = draw(st.sampled_from([2, 2, 1]).map(lambda k: k * 86400) | st.integers(0, 86400))
    mode = draw(st.sampled_from(["single", "collective", "round_robin"]))
    others = st.sampled_from([zone, zone, "Europe/Berlin", "Asia/Kolkata"])
    zones = [zone] + [draw(others) for _ in range(0 if mode == "single" else 1)]
    return {
        "now": spelled(now),
        "invitee_time_zone": "UTC",
        "window": {"from": spelled(opens), "to": spelled(opens + timedelta(seconds=length))},
        "mode": mode,
        "event": draw(events()),
        "hosts": [draw(host_of(one, noon)) for one in zones],
    }
