"""The demo firm's own people: who runs it, and who can be booked. All are invented."""

from dataclasses import dataclass, field
from typing import Any

from webapp.access import Role

WEEKDAYS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Staff:
    role: Role
    name: str
    email: str
    time_zone: str


STAFF = (
    Staff(Role.OWNER, "Ines Caldera", "ines@righthand.example.com", "America/New_York"),
    Staff(Role.COORDINATOR, "Marcus Obi", "marcus@righthand.example.com", "America/New_York"),
    Staff(Role.FINANCE, "Yuki Tanabe", "yuki@righthand.example.com", "America/Chicago"),
)


@dataclass(frozen=True)
class Hours:
    """Open on those weekdays (0 = Sunday), in the consultant's own zone."""

    days: tuple[int, ...]
    windows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bookable:
    slug: str
    name: str
    headline: str
    about: str
    roles: tuple[str, ...]
    industries: tuple[str, ...]
    languages: tuple[str, ...]
    time_zone: str
    country: str
    days_per_month: int
    hours: tuple[Hours, ...]
    place: str = ""
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def email(self) -> str:
        return f"{self.slug.split('-')[0]}@righthand.example.com"

    @property
    def meeting_place(self) -> str:
        return self.place or f"https://meet.example.com/{self.slug}"


CONSULTANTS = (
    Bookable(
        "mateo-villalobos", "Mateo Villalobos",
        "Ran plants and warehouses for eighteen years; likes a floor plan more than a slide",
        "Led operations of a maker of kitchen goods from 60 to 400 people, and two warehouses "
        "before that. Works best where orders, stock and people have outgrown the spreadsheet "
        "they began in.",
        ("coo",), ("manufacturing", "logistics", "retail"), ("English", "Spanish"),
        "America/New_York", "US", 16,
        (Hours(WEEKDAYS, (("09:00", "12:30"), ("13:30", "17:30"))),),
        rules={"minimum_notice": 12 * 60},
    ),
    Bookable(
        "amara-okafor", "Amara Okafor",
        "Turns a founder’s ideas into a plan that four departments can keep",
        "Was second in command of two software companies on their way from 30 to 200 people. Has "
        "held both roles at once, and will tell you early which of them you lack.",
        ("coo", "integrator"), ("software", "professional services"), ("English", "French"),
        "Europe/London", "GB", 16,
        (Hours((1, 2, 3, 4), (("08:30", "17:30"),)), Hours((5,), (("08:30", "13:00"),))),
    ),
    Bookable(
        "hana-sugimoto", "Hana Sugimoto",
        "Gets leaders who talk past each other back to one page",
        "Fifteen years in clinics and care groups, the last six leading the leadership team of "
        "one with eleven sites. Patient, exact, and hard to distract.",
        ("integrator",), ("health care", "education"), ("English", "Japanese"),
        "America/Los_Angeles", "US", 10,
        (Hours((1, 2, 4, 5), (("08:00", "16:00"),)),),
    ),
    Bookable(
        "lukas-brandt", "Lukas Brandt",
        "Makes procedures short enough that people follow them",
        "Engineer by training; led production and service of a family-owned maker of pumps, then "
        "three firms as interim. Knows what an audit asks and what a shift can bear.",
        ("coo",), ("manufacturing", "energy"), ("German", "English"),
        "Europe/Berlin", "DE", 12,
        (Hours(WEEKDAYS, (("08:00", "12:00"), ("13:00", "16:30"))),),
        rules={"minimum_notice": 48 * 60, "per_day": 3},
    ),
    Bookable(
        "siobhan-kerrigan", "Siobhan Kerrigan",
        "Clears roadblocks, keeps promises visible, ends meetings on time",
        "Ran delivery and then the whole leadership rhythm of an agency of 120. Calm in a storm "
        "and unafraid of the conversation that everybody else puts off.",
        ("integrator",), ("media", "professional services", "software"), ("English", "Irish"),
        "America/Chicago", "US", 9,
        (Hours((1, 3, 5), (("09:00", "17:00"),)), Hours((2, 4), (("12:00", "18:00"),))),
        place="By phone: +1 312 555 0142",
    ),
    Bookable(
        "priya-raghunathan", "Priya Raghunathan",
        "Builds the operating numbers a chief executive reads first each morning",
        "Led shared services and finance operations for an insurer, then was chief operating "
        "officer of a payments company through its first profitable year.",
        ("coo", "integrator"), ("finance", "software"), ("English", "Tamil", "Hindi"),
        "Asia/Kolkata", "IN", 8,
        (Hours(WEEKDAYS, (("13:00", "21:30"),)),),
        rules={"step": 60},
    ),
    Bookable(
        "thandiwe-mokoena", "Thandiwe Mokoena",
        "Twelve years of making many small sites work like one company",
        "Brought forty restaurants and their kitchens under one way of working, and taught their "
        "managers to run it without her.",
        ("coo", "integrator"), ("hospitality", "retail"), ("English", "Zulu", "Sotho"),
        "Africa/Johannesburg", "ZA", 12,
        (Hours(WEEKDAYS, (("07:30", "15:30"),)),),
        place="By phone: +27 10 555 0117",
    ),
)  # fmt: skip
