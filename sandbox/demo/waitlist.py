"""A consultant who is full for two days, and two who wait for her. All are invented.

Move time two days ahead, and the first of them gets what was kept by somebody who did not go on.
"""

from sqlalchemy import select

from sandbox.demo import firm
from webapp.booking import queries
from webapp.booking.models import Hold, WaitlistEntry
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction

FULL, ALL_HER_DAYS, WANTED = "priya-raghunathan", "coo-eight-days", "coo-four-days"
KEPT_MINUTES = 48 * 60
WAITING = (
    ("Greta Lindqvist", "greta@lindqvistmobler.example.com", "Europe/Stockholm"),
    ("Samuel Adeyemi", "samuel@adeyemilogistics.example.com", "America/Chicago"),
)


def load() -> None:
    """Once; whoever waits already is left where they are."""
    with transaction():
        consultant, wanted = firm.known(Consultant, FULL), firm.known(Offering, WANTED)
        everything = firm.known(Offering, ALL_HER_DAYS)
        assert consultant is not None and wanted is not None and everything is not None
        if session.scalar(select(WaitlistEntry.id).limit(1)):
            return
        first, *_ = queries.kickoffs(everything, consultant)
        Hold.take(everything, consultant, first, "Asia/Kolkata", "demo", KEPT_MINUTES)
        for name, email, zone in WAITING:
            WaitlistEntry.ask(wanted, [consultant], name, email, zone, None, "").confirm()
            session.flush()
