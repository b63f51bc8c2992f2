"""What the demo's consultants who sign in have ahead: days off, a trip, limits. All invented."""

from datetime import date, timedelta

from sqlalchemy import select

from sandbox.demo import firm
from webapp import clock
from webapp.booking.models import Absence, CalendarRules, DateOverride, Travel
from webapp.catalog.models import Consultant
from webapp.db import session, transaction

AMARA, MATEO, STANDS_IN = "amara-okafor", "mateo-villalobos", "priya-raghunathan"


def load() -> None:
    """Once; whoever has an absence already is left as they are."""
    with transaction():
        amara, mateo = firm.known(Consultant, AMARA), firm.known(Consultant, MATEO)
        stands_in = firm.known(Consultant, STANDS_IN)
        assert amara is not None and mateo is not None and stands_in is not None
        if not session.scalar(select(Absence.id).limit(1)):
            session.add_all(_ahead(amara, mateo, stands_in))
            rules = session.get_one(CalendarRules, mateo.id)
            rules.per_day, rules.per_week = 4, 12


def _ahead(amara: Consultant, mateo: Consultant, stands_in: Consultant) -> list[object]:
    """Weeks from now, so that what is booked at first lies before."""
    workshop = [{"start": "10:00", "end": "13:00"}]
    return [
        Absence(
            consultant=amara, substitute=stands_in, first=_day(5, 3), last=_day(5, 4),
            note="Family wedding",
        ),
        DateOverride(consultant_id=amara.id, on=_day(3, 5), windows=workshop, note="Workshop day"),
        Travel(
            consultant_id=mateo.id, first=_day(4, 0), last=_day(4, 2),
            time_zone="America/Los_Angeles",
        ),
    ]  # fmt: skip


def _day(weeks: int, weekday: int) -> date:
    """That weekday (0 = Monday) of the week so many ahead."""
    today = clock.now().date()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks, days=weekday)
