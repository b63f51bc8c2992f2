"""A consultant whose calendar elsewhere is read: see sandbox/page/calendar.py for what is in it."""

import os

from sqlalchemy import select

from sandbox.demo import firm
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.reading import read
from webapp.booking.outside.sealing import seal
from webapp.booking.outside.subscribing import subscribe
from webapp.catalog.models import Consultant
from webapp.db import session, transaction

WHOSE, NAME = "amara-okafor", "Family"


def load() -> None:
    """Where the sandbox's page is there to be read from; on a later run it has another port."""
    address = os.environ.get("DEMO_CALENDAR", "")
    if not address:
        return
    with transaction():
        consultant = firm.known(Consultant, WHOSE)
        assert consultant is not None
        own = select(OutsideCalendar).filter_by(consultant_id=consultant.id, name=NAME)
        known = session.scalar(own)
        if known is None:
            subscribe(consultant, NAME, address)
            return
        known.secret = seal(address)
        read(known.id)
