"""The client is asked how it goes, and answers from a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.engagements.mails.conftest import (
    sent,
    text_of,
)
from tests.mail import Mailbox
from webapp import clock
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp, PulseAnswer


def test_the_pulse_is_asked_after_7_and_14_days_then_each_month(
    begun: Engagement, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None and begun.sponsor is not None
    begun.sponsor.time_zone = "Asia/Tokyo"
    session.commit()
    zone, kickoff_on = ZoneInfo("Asia/Tokyo"), begun.local_date(begun.kickoff.starts_at)
    for days, mails in ((6, 0), (7, 1), (8, 1), (14, 2), (15, 2)):
        day = kickoff_on + timedelta(days=days)
        at(datetime.combine(day, time(8, 59), zone))
        at(datetime.combine(day, time(9, 1), zone))
        assert len(sent("pulse")) == mails, days
    assert sent("pulse")[0].recipient == "ana@harbour.example.com"


def test_a_pulse_is_answered_from_its_link(
    begun: Engagement, at: Callable[[datetime], None], client: FlaskClient, mailbox: Mailbox
) -> None:
    assert begun.kickoff is not None
    at(begun.kickoff.starts_at + timedelta(days=7, hours=10))
    mails = mailbox.to("ana@harbour.example.com")
    (mail,) = [mail for mail in mails if "One question" in mail["Subject"]]
    link = "/pulse/" + text_of(mail).split("/pulse/")[1].split()[0]
    assert client.get(link).status_code == 200
    assert session.scalars(select(PulseAnswer)).all() == []
    for wrong in ({}, {"score": "6"}, {"score": "0"}, {"score": "five"}):
        assert client.post(link, data=wrong).status_code == 422, wrong
    assert client.post(link, data={"score": "5"}).status_code == 303
    assert session.scalars(select(FollowUp)).all() == []
    for _ in range(2):
        assert client.post(link, data={"score": "3"}).status_code == 303
    assert "within one business day" in client.get(link + "/thanks").text
    session.expire_all()
    assert [answer.score for answer in session.scalars(select(PulseAnswer))] == [3]
    (note,) = session.scalars(select(FollowUp)).all()
    assert note.engagement_id == begun.id and "3 out of 5" in note.text
    assert note.due_on > clock.now().date() and note.due_on.weekday() < 5
    assert client.get(link + "x").status_code == 404
    assert client.post("/pulse/forged", data={"score": "1"}).status_code == 404
