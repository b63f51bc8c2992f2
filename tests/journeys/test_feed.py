"""A consultant's private calendar address, fetched and read by somebody else's programs."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import vobject  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.journeys.stack import Stack

Events = dict[str, vobject.base.Component]


def test_a_subscription_follows_a_meeting_that_moves(
    stack: Stack, signed_in: Callable[[str], Page]
) -> None:
    stack.settle()
    page = signed_in("consultant")
    address = made_address(page)
    first = httpx.get(address, trust_env=False)
    before = events(first)
    assert first.headers["Content-Type"].startswith("text/calendar")
    unchanged = {"If-None-Match": first.headers["ETag"]}
    assert httpx.get(address, headers=unchanged, trust_env=False).status_code == 304

    page.goto("/calendar")
    expect(page.locator(".agenda a:not(.button)").first).to_be_visible()
    uid = move_a_review(page, before)

    after = events(httpx.get(address, headers=unchanged, trust_env=False))
    assert set(after) == set(before)
    assert int(after[uid].sequence.value) == int(before[uid].sequence.value) + 1
    assert after[uid].dtstart.value != before[uid].dtstart.value
    others = set(before) - {uid}
    assert {after[other].serialize() for other in others} == {
        before[other].serialize() for other in others
    }


def made_address(page: Page) -> str:
    page.goto("/calendar")
    page.get_by_role("button", name="Make the address").click()
    return page.get_by_label("Private address").input_value()


def events(answer: httpx.Response) -> Events:
    assert answer.status_code == 200, answer.text
    found = vobject.readOne(answer.text).vevent_list
    return {event.uid.value: event for event in found}


def move_a_review(page: Page, known: Events) -> str:
    """The first review ahead, to another time; its UID."""
    page.get_by_role("link", name="Monthly review with").first.click()
    page.wait_for_url("**/meetings/**")
    address = page.url
    [uid] = [uid for uid, event in known.items() if event.url.value == address]
    page.get_by_role("link", name="Move it").click()
    page.locator("label:has(input[name=slot]:not([disabled]))").first.click()
    page.get_by_role("button", name="Move the meeting").click()
    page.wait_for_url(lambda url: not url.endswith("/move"))
    return uid
