"""Choosing a time in a real browser: over clock changes, by keyboard, without script, by phone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import Client, accept, give_details, open_checkout, pay

# Each books with somebody else, so that no test takes the days that another needs.
PICKER = "/book/coo-two-days/mateo-villalobos"  # of New York
SIOBHAN = "/book/integrator-two-days/siobhan-kerrigan"  # of Chicago
AMARA = "/book/coo-two-days/amara-okafor"  # of London
LUKAS = "/book/coo-two-days/lukas-brandt"  # of Berlin
WHEN = re.compile(r"\w{3} (\d+ \w+ \d{4}, \d\d:\d\d) \([\w ]+, UTC([+−])(\d+)\)")
SMALL_TARGETS = """() => [...document.querySelectorAll(
  ".month a, .month-link, .picker label.slot, .picker button, .picker select")]
  .map((found) => [found.outerHTML.slice(0, 80), found.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([what, box]) => `${what} ${box.width} × ${box.height}`)"""


def instant(said: str) -> datetime:
    """What a reader works out from a time with its zone and offset."""
    found = WHEN.search(said)
    assert found, said
    offset = timedelta(hours=int(found[3]) * (-1 if found[2] == "−" else 1))
    local = datetime.strptime(found[1], "%d %B %Y, %H:%M")
    return local.replace(tzinfo=timezone(offset)).astimezone(UTC)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def said_aloud(page: Page) -> str:
    return page.locator("p.visually-hidden[role=status]").inner_text()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


# -- everyone means the same instant ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "offsets"),
    [("2027-03-17", ("UTC+13", "UTC−5")), ("2027-04-07", ("UTC+12", "UTC−5"))],
    ids=["after-chicagos-change", "after-aucklands-change"],
)
def test_b05_from_a_phone_in_another_zone_across_a_clock_change(
    visit: Visit, stack: Stack, day: str, offsets: tuple[str, str]
) -> None:
    """Chosen under today's offsets for a day that has others: page, mails and database agree."""
    reach_into_next_year(stack)
    client = Client("Aroha Kereama", f"aroha-{day}@tui.example.com", f"Tui Foods {day}")
    page = visit(zone="Pacific/Auckland", phone=True)
    page.goto(SIOBHAN)
    expect(page.locator("#slot-zone")).to_contain_text("Auckland, UTC+13")
    go_to(page, day)
    expect(page.locator("#slot-zone")).to_contain_text(f"Auckland, {offsets[0]}")
    page.locator("label.slot").nth(2).click()
    said = page.locator("[data-choice]").inner_text()
    assert offsets[0] in said and f"{int(day[-2:])} " in said
    page.get_by_role("button", name="Hold this time").click()
    expect(page.get_by_role("complementary").get_by_text(said)).to_be_visible()
    book_on(page, client)
    expect(page.get_by_text(said).first).to_be_visible()

    [(starts_at,)] = stack.sql(
        "SELECT b.starts_at FROM booking b JOIN engagement e ON e.id = b.engagement_id JOIN company"
        f" c ON c.id = e.company_id WHERE b.kind = 'kickoff' AND c.name = '{client.company}'"
    )
    assert starts_at == instant(said)
    assert said in stack.mail("Welcome", client.email)["text"]
    booked = stack.mail(f"{client.company} has booked you", "siobhan@righthand.example.com")
    told = next(found[0] for found in WHEN.finditer(booked["text"]) if "Chicago" in found[0])
    assert offsets[1] in told and instant(told) == starts_at


def reach_into_next_year(stack: Stack) -> None:
    """The consultant lets people book as far as April."""
    assert stack.sql("UPDATE calendar_rules SET horizon_days = 190 RETURNING 1")


def go_to(page: Page, day: str) -> None:
    """By the months' own links, then the day."""
    title = page.locator("#month-title")
    wanted = datetime.fromisoformat(day).strftime("%B %Y")
    while (shown := title.inner_text()) != wanted:
        page.locator("a#month-later").click()
        expect(title).not_to_have_text(shown)
    page.locator(f"#day-{day}").click()
    expect(page.locator(f"#day-{day}")).to_have_attribute("aria-current", "true")


def book_on(page: Page, client: Client) -> None:
    give_details(page, client)
    accept(page, client)
    open_checkout(page)
    pay(page, client)
    page.get_by_role("heading", name=re.compile("Thank you")).wait_for()


# -- by keyboard -----------------------------------------------------------------------------------


def test_a_time_is_held_by_keyboard_alone(visit: Visit) -> None:
    page = visit()
    page.goto(AMARA)
    page.wait_for_function("document.querySelector('.month a[tabindex=\"0\"]')")
    days = page.locator(".month a").evaluate_all("days => days.map((day) => day.id)")
    while not focused(page).startswith("day-"):
        page.keyboard.press("Tab")
    assert focused(page) == days[0]
    expect(page.locator(".month-keys")).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert focused(page) == days[1]
    page.keyboard.press("PageDown")
    expect(page.locator("a#month-earlier")).to_be_visible()
    chosen = page.locator(".month a[aria-current]")
    expect(chosen).to_be_focused()
    assert said_aloud(page) == page.locator("#picker").get_attribute("data-said")
    assert re.fullmatch(r"\w+ \d+ \w+: \d+ times", said_aloud(page))
    page.keyboard.press("End")
    last = focused(page)
    page.keyboard.press("Home")
    first = focused(page)
    assert first <= last
    page.keyboard.press("ArrowDown")
    below = focused(page)
    assert datetime.fromisoformat(below[4:]) - datetime.fromisoformat(first[4:]) == timedelta(7)
    page.keyboard.press("Enter")
    expect(page.locator(f"#{below}")).to_have_attribute("aria-current", "true")
    expect(page.locator(f"#{below}")).to_be_focused()
    page.keyboard.press("Tab")  # past the other days, to the link beside the zone
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("label.slot").nth(1).locator("input")).to_be_checked()
    when = page.locator("[data-choice]").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your details", level=1).wait_for()
    expect(page.get_by_text(when)).to_be_visible()


def test_another_zone_is_swapped_in_with_day_and_time_kept(visit: Visit) -> None:
    page = visit()
    page.goto(PICKER)
    page.locator("label.slot").nth(1).click()
    before = instant(page.locator("[data-choice]").inner_text())
    page.locator("#zone").focus()
    page.locator("#zone").select_option("Pacific/Auckland")
    expect(page.locator("#slot-zone")).to_contain_text("Auckland, UTC+13")
    expect(page.locator("#zone")).to_be_focused()
    assert instant(page.locator("[data-choice]").inner_text()) == before
    expect(page.locator("label.slot input:checked")).to_have_count(1)
    page.reload()
    assert instant(page.locator("[data-choice]").inner_text()) == before


# -- without script --------------------------------------------------------------------------------


def test_a_time_is_held_without_script(visit: Visit) -> None:
    page = visit(script=False, phone=True)
    page.goto(LUKAS)
    page.locator("a#month-later").click()
    page.locator(".month a").nth(2).click()
    page.locator("label.slot").nth(3).click()
    value = page.locator("label.slot input:checked").get_attribute("value")
    page.locator("#zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#slot-zone")).to_contain_text("Tokyo, UTC+9")
    assert "csrf_token" not in page.url
    expect(page.locator("label.slot input:checked")).to_have_attribute("value", value or "")
    said = page.locator("[data-choice]").inner_text()
    assert instant(said) == datetime.fromisoformat(value or "")
    page.get_by_role("button", name="Hold this time").click()
    expect(page.get_by_text(said)).to_be_visible()


# -- for everybody ---------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(visit: Visit, phone: bool, theme: str) -> None:
    page = visit(phone=phone, theme=theme)
    times, profile = PICKER, "/consultants/mateo-villalobos"
    for address in (times, f"{times}?day=2026-01-05", f"{times}?day=2099-01-05", profile):
        page.goto(address)
        assert serious(page) == [], address
    page.goto(PICKER)
    page.get_by_role("button", name="Hold this time").click()
    page.get_by_role("heading", name="Please look at this again").wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_and_can_be_touched(visit: Visit, width: int) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(PICKER)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALL_TARGETS) == []


def test_two_at_once_and_the_second_is_offered_the_nearest(visit: Visit) -> None:
    first, second = visit(), visit(zone="Europe/London", phone=True)
    for page in (first, second):
        page.goto(LUKAS)
        page.locator("a#month-later").click()
        expect(page.locator("a#month-earlier")).to_be_visible()
    value = first.locator("label.slot input").nth(4).get_attribute("value")
    for page in (first, second):
        page.locator(f"label.slot:has(input[value='{value}'])").click()
        page.get_by_role("button", name="Hold this time").click()
    first.get_by_role("heading", name="Your details", level=1).wait_for()
    expect(second.get_by_text("That time has just been taken")).to_be_visible()
    expect(second.locator(".picker-lost")).to_be_focused()
    assert serious(second) == []
    second.locator(".nearest label.slot").first.click()
    said = second.locator("[data-choice]").inner_text()
    assert "London" in said
    second.get_by_role("button", name="Hold this time").click()
    expect(second.get_by_text(said)).to_be_visible()
