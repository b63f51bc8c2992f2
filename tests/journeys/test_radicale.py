"""A consultant's calendar on a real CalDAV server: there and back again, in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import vobject
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import Client, accept, give_details, open_checkout, pay
from tests.radicale import Radicale

# Her calendar is connected, and left again before the journey ends. She has days to spare whatever
# the journeys before have booked.
HANA, ZONE = "hana@righthand.example.com", "America/Los_Angeles"
PICKER = "/book/integrator-two-days/hana-sugimoto"
CLIENT = Client("Imani Reyes", "imani@reyes.example.com", "Reyes & Daughters")


@pytest.fixture
def radicale(stack: Stack) -> Iterator[Radicale]:
    """On the one port of this machine that the demo was told it may ask."""
    port = int(os.environ["PRIVATE_CALENDAR_HOSTS"].rpartition(":")[2])
    with TemporaryDirectory(prefix="righthand-radicale-") as folder:
        server = Radicale(Path(folder), port)
        server.welcome("hana")
        server.start()
        yield server
        server.stop()


def test_radicale_round_trip(visit: Visit, stack: Stack, radicale: Radicale) -> None:
    path = radicale.make_calendar("Work")
    visitor, hana = visit(zone=ZONE), visit(zone=ZONE)
    day = first_open_day(visitor)
    radicale.put(f"{path}offsite.ics", whole_day(day))

    sign_in(hana, stack)
    connect(hana, radicale)
    visitor.goto(PICKER)
    assert first_open_day(visitor) > day, "what is busy there is not offered here"

    kick_off(visitor)
    stack.settle()
    a_minute(stack)
    mine = copies(radicale, path)
    [uid] = [uid for uid, (title, _) in mine.items() if title == f"Kick-off with {CLIENT.company}"]
    start = mine[uid][1]

    move_the_kick_off(hana)
    a_minute(stack)
    assert copies(radicale, path)[uid][1] != start

    called_off = call_off_a_review(hana)
    a_minute(stack)
    assert len(copies(radicale, path)) == len(mine) - 1, called_off

    disconnect(hana)
    a_minute(stack)
    a_minute(stack)
    assert list(radicale.files(path)) == [f"{path}offsite.ics"]
    expect(hana.get_by_role("heading", name="hana")).to_have_count(0)


def copies(radicale: Radicale, path: str) -> dict[str, tuple[str, datetime]]:
    """UID → title and start of each meeting of ours, as another library reads them."""
    events = [vobject.readOne(file).vevent for file in radicale.files(path).values()]
    return {
        event.uid.value: (event.summary.value, event.dtstart.value)
        for event in events
        if event.uid.value != "offsite"
    }


def whole_day(day: str) -> str:
    return (
        f"UID:offsite\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:{day.replace('-', '')}\n"
        "DURATION:P1D\nSUMMARY:Offsite"
    )


def first_open_day(visitor: Page) -> str:
    visitor.goto(PICKER)
    shown = visitor.locator(".month a[aria-current]").get_attribute("href") or ""
    return shown.partition("day=")[2][:10]


def a_minute(stack: Stack) -> None:
    """Planners run, and what they planned is done."""
    now = datetime.fromisoformat(stack.call("GET", "/api/time")["now"])
    stack.advance(to=(now + timedelta(minutes=1)).isoformat())
    stack.settle()


def sign_in(page: Page, stack: Stack) -> None:
    """By the link in a mail: the demo gives passwords to a few people alone."""
    page.goto("/sign-in")
    page.get_by_role("link", name="E-mail me a sign-in link").click()
    page.get_by_label("E-mail").fill(HANA)
    page.get_by_role("button", name="Send the link").click()
    page.get_by_role("link", name="Ask again").wait_for()
    found = re.search(r"http\S+/sign-in\S+", stack.mail("Your sign-in link", HANA)["text"])
    assert found
    page.goto(found[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Availability").first.wait_for()


def connect(page: Page, radicale: Radicale) -> None:
    page.goto("/calendar/connections")
    page.get_by_role("link", name="Connect a calendar server").click()
    page.get_by_label("Address of the server").fill(radicale.url)
    page.get_by_label("User name").fill(radicale.user)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Look up my calendars").click()
    expect(page.locator("#password-error")).to_contain_text("does not know")
    page.get_by_label("Password").fill(radicale.password)
    page.get_by_role("button", name="Look up my calendars").click()
    page.locator("input[name=read]").check()
    page.locator("input[name=write]").first.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Our meetings are copied here")).to_be_visible()
    expect(page.get_by_text("Your times are hidden")).to_have_count(0)


def kick_off(page: Page) -> None:
    page.goto(PICKER)
    page.locator("label.slot").first.click()
    page.get_by_role("button", name="Hold this time").click()
    give_details(page, CLIENT)
    accept(page, CLIENT)
    open_checkout(page)
    pay(page, CLIENT)
    page.get_by_role("heading", name="Thank you").wait_for()


def move_the_kick_off(page: Page) -> None:
    page.goto("/calendar")
    page.get_by_role("link", name=f"Kick-off with {CLIENT.company}").click()
    page.get_by_role("link", name="Move it").click()
    page.locator("label.slot").first.click()
    page.get_by_role("button", name="Move the meeting").click()
    expect(page.get_by_text("Everyone is told")).to_be_visible()


def call_off_a_review(page: Page) -> str:
    page.goto("/calendar")
    page.get_by_role("link", name=f"Monthly review with {CLIENT.company}").first.click()
    page.get_by_role("link", name="Call it off").click()
    page.get_by_role("button", name="Call it off").click()
    page.wait_for_url(lambda url: "cancel" not in url)
    return page.url


def disconnect(page: Page) -> None:
    page.goto("/calendar/connections")
    page.get_by_role("link", name="Choose calendars").click()
    page.get_by_role("button", name="Disconnect").click()
    page.locator("dialog[open] button", has_text="Disconnect").click()
    page.wait_for_url("**/calendar/connections")
