"""A COO and an Integrator booked together, from the front page to both their rosters."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import Client, accept, give_details, open_checkout, pay, press_time

IRIS = Client("Iris Vale", "iris@vale.example.com", "Vale & Daughters")
OFFERING = "COO and Integrator, four days a month"
COO, INTEGRATOR = "Mateo Villalobos", "Hana Sugimoto"
BOTH = f"{COO} and {INTEGRATOR}"


def test_a_visitor_books_a_coo_and_an_integrator_together(visit: Visit, stack: Stack) -> None:
    visitor = visit(zone="America/Denver", phone=True)
    choose_two(visitor)
    press_time(visitor, 0)
    visitor.get_by_role("button", name="Hold this time").click()
    expect(visitor.get_by_text(f"{INTEGRATOR}, Integrator: 2 days a month")).to_be_visible()
    give_details(visitor, IRIS)
    expect(visitor.get_by_text(f"The Firm provides {BOTH}")).to_be_visible()
    accept(visitor, IRIS)
    expect(visitor.get_by_text(BOTH).first).to_be_visible()
    open_checkout(visitor)
    pay(visitor, IRIS)
    expect(visitor.get_by_text(f"{BOTH} have been told.")).to_be_visible()

    stack.settle()
    welcome = stack.mail("Welcome", IRIS.email)
    assert f"{BOTH} start with {IRIS.company}" in " ".join(welcome["text"].split())
    for address, partner in (("mateo", INTEGRATOR), ("hana", COO)):
        told = stack.mail(f"{IRIS.company} has booked you", f"{address}@righthand.example.com")
        assert partner in told["text"] and "2 of 4 days a month" in told["text"]
    assert taken_of(stack) == [("booking", 1), ("booking", 1)]


def choose_two(page: Page) -> None:
    """Both roles, two people: first the COO, then who is free when the COO is."""
    page.goto("/book")
    page.get_by_role("link", name="Both roles").click()
    page.get_by_role("link", name=re.compile(f": {re.escape(OFFERING)}$")).click()
    page.get_by_role("link", name="Two people, one for each role").click()
    page.get_by_role("link", name=COO).click()
    expect(page.get_by_role("heading", name="Now the Integrator")).to_be_visible()
    page.get_by_role("link", name=INTEGRATOR).click()
    expect(page.get_by_text(f"The kick-off with {BOTH}")).to_be_visible()


def taken_of(stack: Stack) -> list[tuple[str, int]]:
    """(kind, number) of the active claims of each of the two, for this client's kick-off."""
    return stack.sql(
        "SELECT min(claim.kind), count(*)::int FROM claim JOIN booking ON booking.id = booking_id"
        " JOIN engagement ON engagement.id = engagement_id JOIN company ON company.id = company_id"
        f" WHERE company.name = '{IRIS.company}' AND booking.kind = 'kickoff' AND claim.active"
        " GROUP BY claim.consultant_id"
    )
