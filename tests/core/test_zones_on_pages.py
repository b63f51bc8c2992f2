"""Behaviour 31 as readers meet it: every page of the product, in several zones and languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.meetings import booked
from tests.desk import rows
from webapp import access
from webapp.accounts.models import Person
from webapp.booking.models import Hold
from webapp.db import session
from webapp.notifications.models import EmailMessage

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)  # clocks change in between: London's, New York's
CLOCK = re.compile(r"(?<![+−\d])(?:[01]?\d|2[0-4]):[0-5]\d\b(?!:)")
NAMED = re.compile(r"\s*\([^()]*UTC")
LISTS = {"fieldset", "section", "table", "dl", "form", "article", "div[group]"}
UNSEEN = {"script", "style", "select", "head", "svg"}
VOID = {"input", "br", "img", "link", "meta", "hr", "source", "wbr"}


@dataclass
class Element:
    tag: str
    parent: Element | None = None
    parts: list[Element | str] = field(default_factory=list)

    def text(self) -> str:
        return " ".join(part if isinstance(part, str) else part.text() for part in self.parts)

    def ancestors(self) -> Iterator[Element]:
        found = self
        while found.parent:
            yield found
            found = found.parent


class Page(HTMLParser):
    """What is to be seen, as a tree; seen: each text with the element it stands in."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.at = self.root = Element("page")
        self.seen: list[tuple[str, Element]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        role = dict(attrs).get("role")
        name = f"div[{role}]" if role == "group" else tag
        child = Element(name, self.at)
        label = dict(attrs).get("aria-label")
        child.parts.append(f" {label} " if label and role == "group" else "")
        self.at.parts.append(child)
        self.at = child

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.at.parent:
            self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        if any(element.tag in UNSEEN for element in self.at.ancestors()):
            return
        self.at.parts.append(data)
        self.seen.append((data, self.at))


def bare_times(source: str) -> list[str]:
    """Clock times with no offset after them, nor in the list that they belong to."""
    page = Page(source)
    bare = []
    for text, element in page.seen:
        for found in CLOCK.finditer(text):
            lists = (above for above in element.ancestors() if above.tag in LISTS)
            if NAMED.match(text, found.end()) or any("UTC" in above.text() for above in lists):
                continue
            bare.append(" ".join(element.text().split())[:120])
    return bare


@pytest.mark.parametrize(
    ("source", "times"),
    [("<p>at 10:00</p>", 1), ("<p>Thu 3 December 2026, 10:00 (New York, UTC−5)</p>", 0),
     ("<section><p>Times in Lima, UTC−5</p><ul><li>10:00</li></ul></section>", 0),
     ("<p>Times in Lima, UTC−5</p><section><p>10:00</p></section>", 1),
     ('<div role="group" aria-label="3 May, Lima, UTC−5"><span>9:30</span></div>', 0),
     ("<select><option>10:00</option></select><p>2:1, ratio 16:9, 10:00:00Z</p>", 0)],
)  # fmt: skip
def test_b31_bare_times_are_found(source: str, times: int) -> None:
    assert len(bare_times(source)) == times


# -- every page ------------------------------------------------------------------------------------


@dataclass
class Practice:
    """Something of everything that has a time, and what stands for each part of an address."""

    people: dict[str, Person]
    known: dict[str, str]


@pytest.fixture
def practice(set_clock: Callable[[datetime], None], app: Flask) -> Practice:
    set_clock(NOW)
    consultant = make.consultant(slug="ada", time_zone="America/New_York")
    consultant.person.time_zone = "America/New_York"
    offering = make.offering(slug="coo-four")
    engagement = make.engagement(consultant=consultant, offering=offering)
    assert engagement.sponsor is not None
    engagement.sponsor.time_zone = "Pacific/Auckland"
    made = booked("review", NOW + timedelta(days=14, hours=6), engagement)
    review = rows.review(engagement, made, month=date(2026, 11, 1), due_on=date(2026, 11, 3))
    rows.review(engagement, month=date(2026, 12, 1), due_on=date(2026, 12, 1), note="Nothing fits.")
    rows.invoice(engagement)
    held = Hold.take(offering, consultant, NOW + timedelta(days=15, hours=6), "Asia/Kolkata")
    session.commit()
    people = {"sponsor": engagement.sponsor, "consultant": consultant.person}
    people |= {"owner": make.person(access.Role.OWNER, time_zone="Asia/Kathmandu")}
    known = {"engagement_id": str(engagement.id), "booking_id": str(made.id), "slug": "ada",
             "review_id": str(review.id), "offering_slug": "coo-four", "team": "ada",
             "token": access.sign("start", str(held.id))}  # fmt: skip
    session.commit()
    return Practice(people, known)


def addresses(app: Flask, known: dict[str, str]) -> Iterator[str]:
    """Of every page whose address is known in full."""
    for rule in app.url_map.iter_rules():
        leaves = rule.endpoint in {"security.logout", "static"} or "api" in rule.endpoint
        if "GET" in (rule.methods or ()) and rule.arguments <= set(known) and not leaves:
            built = rule.build({name: known[name] for name in rule.arguments}, False)
            if built:
                yield built[1]


def read(browser: FlaskClient, url: str, languages: str) -> tuple[str, bool]:
    answer = browser.get(url, headers={"Accept-Language": languages})
    assert answer.status_code < 500, url
    is_page = answer.status_code == 200 and answer.mimetype == "text/html"
    return (answer.text if is_page else ""), is_page


@pytest.mark.parametrize(
    ("reader", "zone", "languages", "least"),
    [("", "Australia/Lord_Howe", "en-US", 10), ("", "America/St_Johns", "de", 10),
     ("sponsor", "Pacific/Auckland", "en-NZ", 20), ("consultant", "America/New_York", "ar-EG", 20),
     ("owner", "Asia/Kathmandu", "zh-Hant-TW", 30)],
)  # fmt: skip
def test_b31_every_page_names_zone_and_offset_beside_every_time(
    app: Flask, practice: Practice, sign_in: Callable[[Person], FlaskClient],
    client: FlaskClient, reader: str, zone: str, languages: str, least: int,
) -> None:  # fmt: skip
    browser = sign_in(practice.people[reader]) if reader else client
    browser.set_cookie("tz", zone)
    wrong, pages, times = {}, 0, 0
    for url in sorted(set(addresses(app, practice.known))):
        page, is_page = read(browser, url, languages)
        pages, times = pages + is_page, times + len(CLOCK.findall(page))
        # Opening hours are no instants: their page says once whose clock they are on.
        local_hours = url.startswith("/availability") and "by the clock of" in page
        if not local_hours and (found := bare_times(page)):
            wrong[url] = found
    assert wrong == {}
    assert pages >= least and times >= 30, (pages, times)


# -- mails -----------------------------------------------------------------------------------------


def test_b31_mails_name_the_readers_zone_and_its_offset_on_that_day(
    practice: Practice, drain: Callable[[], int], sign_in: Callable[[Person], FlaskClient]
) -> None:
    """Moved over the night on which New York's clocks go back; each reads their own."""
    browser = sign_in(practice.people["sponsor"])
    url = f"/meetings/{practice.known['booking_id']}/move"
    assert browser.post(url, data={"slot": "2026-10-30T15:00:00Z"}).status_code == 303
    drain()
    said = {}
    for email in session.scalars(select(EmailMessage).where(EmailMessage.kind == "meeting_moved")):
        for text in (email.subject, email.text):
            assert [
                found[0] for found in CLOCK.finditer(text) if not NAMED.match(text, found.end())
            ] == [], text
        assert bare_times(email.html or "") == []
        said[email.recipient] = email.subject
    sponsor, consultant = practice.people["sponsor"], practice.people["consultant"]
    assert "Sat 31 October 2026, 04:00 (Auckland, UTC+13)" in said[sponsor.email]
    assert "Fri 30 October 2026, 11:00 (New York, UTC−4)" in said[consultant.email]
