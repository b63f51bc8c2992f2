"""A meeting moved by the link in its mail, on a phone, by somebody who is not signed in."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

INVITED = "Monthly review with"


def test_the_link_in_a_mail_moves_the_meeting_once(visit: Visit, stack: Stack) -> None:
    sponsor, _ = stack.people["client_sponsor"]
    stack.settle()
    newest = max(mail["id"] for mail in stack.mails(sponsor) if INVITED in mail["subject"])
    invitation = stack.call("GET", f"/api/mails/{newest}")
    move = link(invitation, "move")

    page = visit(zone="Asia/Tokyo", phone=True)
    page.goto(move)
    expect(page.get_by_role("heading", name="Find another time")).to_be_visible()
    old = chosen_time(page)
    zone = re.compile("New York, UTC−[45]")  # the account's counts, not the browser's
    expect(page.get_by_text(zone).first).to_be_visible()
    page.locator("label:has(input[name=slot]:not([disabled]))").first.click()
    page.get_by_role("button", name="Move the meeting").click()
    expect(page.get_by_role("heading", name="It has its new time")).to_be_visible()

    moved = stack.mail("Moved: Monthly review", sponsor)
    assert old in moved["text"] and link(moved, "move") != move
    page.goto(move)
    expect(page.get_by_role("heading", name="This link has done its work")).to_be_visible()
    assert old not in page.content()


def link(mail: dict[str, Any], purpose: str) -> str:
    found = re.search(rf"http\S+/meetings/{purpose}/\S+", mail["text"])
    assert found, mail["text"]
    return found[0]


def chosen_time(page: Page) -> str:
    """As the page says it stands: 'Wed 23 December 2026, 10:00'."""
    found = re.search(r"\w{3} \d+ \w+ \d{4}, \d\d:\d\d", page.locator(".lede").inner_text())
    assert found
    return found[0]
