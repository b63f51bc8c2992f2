"""Booking as a visitor does it, page by page; a test can come between any two steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.journeys.stack import Stack

CARD = "4242424242424242"
NEXT_DAY = """() => {
  const days = [...document.querySelectorAll(".month a")];
  const shown = days.findIndex((day) => day.hasAttribute("aria-current"));
  return (days[shown + 1] ?? document.querySelector("a#month-later")).href;
}"""
STEPS = ("held", "detailed", "signed", "at_checkout", "paid")


@dataclass(frozen=True)
class Client:
    """Who books; the company's name and the address tell one booking from another."""

    name: str
    email: str
    company: str


def book(
    page: Page,
    client: Client,
    offering: str = "COO, two days a month",
    consultant: str = "",
    slot: int = 0,
    after: Callable[[str], None] = lambda step: None,
) -> None:
    """From the front page to “Thank you”. after: called with each name of STEPS once it is done."""
    take_time(page, offering, consultant, slot)
    after("held")
    give_details(page, client)
    after("detailed")
    accept(page, client)
    after("signed")
    open_checkout(page)
    after("at_checkout")
    pay(page, client)
    after("paid")


def take_time(page: Page, offering: str, consultant: str = "", slot: int = 0) -> None:
    """consultant: part of the name; the first on the page when empty."""
    page.goto("/")
    page.get_by_role("link", name="Book an engagement").first.click()
    page.get_by_role("link", name="Operations that run without you").click()
    page.get_by_role("link", name=re.compile(f": {re.escape(offering)}$")).click()
    page.locator("main a[href*='/book/']", has_text=re.compile(consultant)).first.click()
    press_time(page, slot)
    page.get_by_role("button", name="Hold this time").click()
    page.get_by_role("heading", name="Your details", level=1).wait_for()


def press_time(page: Page, slot: int) -> None:
    """The nth open time, counted on from the first of the day shown."""
    times = page.locator("label.slot")
    times.first.wait_for()
    while (here := times.count()) <= slot:
        slot -= here
        page.goto(page.evaluate(NEXT_DAY))
        times.first.wait_for()
    times.nth(slot).click()


def give_details(page: Page, client: Client) -> None:
    page.locator("[name=company_name]").fill(client.company)
    page.locator("[name=country]").select_option("US")
    page.locator("[name=address]").fill("1 Harbor Street\nPortland, ME 04101")
    page.locator("[name=contact_name]").fill(client.name)
    page.locator("[name=contact_email]").fill(client.email)
    page.get_by_role("button", name="Go on to the agreement").click()


def accept(page: Page, client: Client) -> None:
    page.locator("[name=name]").fill(client.name)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=re.compile("Accept")).click()


def open_checkout(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.locator("input[name=number]").wait_for()


def pay(page: Page, client: Client, card: str = CARD) -> None:
    page.locator("input[name=email]").fill(client.email)
    page.locator("input[name=number]").fill(card)
    page.locator("input[name=exp]").fill("12/34")
    page.locator("input[name=cvc]").fill("123")
    page.locator("input[name=name]").fill(client.name)
    page.locator("button#pay").click()  # the bank account's form has a button of the same name


def enter_by_welcome_mail(page: Page, stack: Stack, client: Client) -> Page:
    """The link in the mail shows a button; pressing it signs in."""
    welcome = stack.mail("Welcome", client.email)
    assert any(part["name"].endswith(".ics") for part in welcome["attachments"])
    link = re.search(r"http\S+/sign-in/link/\S+", welcome["text"])
    assert link, welcome["text"]
    page.goto(link[0])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/client")
    return page
