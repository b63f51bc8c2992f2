"""People in line, and what tests ask of them."""

from __future__ import annotations

import re
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests import make
from tests.mail import Mailbox
from webapp import clock
from webapp.booking.mails.waitlist_letters import page_url
from webapp.booking.models import Hold, WaitlistEntry
from webapp.db import session

ZONE = "America/New_York"


def in_line(hold: Hold, name: str = "Ben", **values: object) -> WaitlistEntry:
    """Somebody whose address is confirmed; each call is a minute later than the one before."""
    number = session.scalar(select(func.count()).select_from(WaitlistEntry)) or 0
    defaults = {
        "offering_id": hold.offering_id, "consultant_ids": [hold.consultant_id], "name": name,
        "email": f"{name.lower()}@example.com", "time_zone": ZONE, "state": "waiting",
        "joined_at": clock.now() - timedelta(minutes=100 - number), "offers": 0,
    }  # fmt: skip
    made: WaitlistEntry = make.saved(WaitlistEntry(**(defaults | values)))
    session.commit()
    return made


def states() -> dict[str, str]:
    session.rollback()
    return dict(session.execute(select(WaitlistEntry.name, WaitlistEntry.state)).all())


def link_in(text: str, part: str) -> str:
    found = re.search(rf"https?://[^/\s]+(/{part}/\S+)", text)
    assert found, text
    return found[1]


def text_to(mailbox: Mailbox, address: str, subject: str) -> str:
    [mail] = [mail for mail in mailbox.to(address) if subject in str(mail["Subject"])]
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def ask(client: FlaskClient, email: str = "ben@example.com", **values: object) -> TestResponse:
    data = {"name": "Ben", "email": email, "time_zone": ZONE} | values
    return client.post("/book/coo-four/ada/waitlist", data=data)


def page_of(entry: WaitlistEntry) -> str:
    return "/waitlist/" + page_url(entry).rsplit("/", 1)[1]
