"""The main job as people live it: a client books and pays; the rest happens by itself, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import Client, book, enter_by_welcome_mail

ADA = Client("Ada Brook", "ada@brook.example.com", "Brook & Sons")
CONSULTANT = "Mateo Villalobos"


def test_from_the_first_visit_to_the_second_review(
    visit: Visit, stack: Stack, signed_in: Callable[[str], Page]
) -> None:
    visitor = visit(zone="America/New_York")
    book(visitor, ADA, consultant=CONSULTANT)
    expect(visitor.get_by_role("heading", name="Thank you, Ada")).to_be_visible()

    client = enter_by_welcome_mail(visit(), stack, ADA)
    expect(client.get_by_text(f"With {CONSULTANT}").first).to_be_visible()

    consultant = signed_in("consultant")
    consultant.goto("/roster")
    expect(consultant.get_by_role("link", name=ADA.company).first).to_be_visible()

    move_time_a_month_twice(visit(), stack)

    mails = Counter(mail["subject"] for mail in stack.mails(ADA.email))
    assert stack.call("GET", "/api/mails/duplicates") == {}
    assert_two_months_of_mails(mails)
    assert_two_months_in_the_database(stack)
    client.reload()
    expect(client.get_by_text("Paid", exact=True)).to_have_count(2)
    nothing_failed(signed_in("coordinator"))


def move_time_a_month_twice(page: Page, stack: Stack) -> None:
    """By the button that a newcomer presses."""
    page.goto(f"{stack.page}/time")
    for _ in range(2):
        page.get_by_role("button", name="Forward a month").click()
        await_arrival(page, stack)
    stack.settle()


def await_arrival(page: Page, stack: Stack) -> None:
    """The page reloads itself until it is there; opening it anew would cross its own reload."""
    page.get_by_text("On the way to").first.wait_for()
    stack.await_time()
    page.get_by_text("Arrived").wait_for()


def assert_two_months_of_mails(mails: Counter[str]) -> None:
    once = [subject for subject in mails if subject.startswith(("Welcome", "Your kick-off, "))]
    assert len(once) == 2 and all(mails[subject] == 1 for subject in once), mails
    tomorrow = (subject for subject in mails if subject.startswith("Tomorrow: Monthly review"))
    reminders = sum(mails[subject] for subject in tomorrow)
    receipts = sum(count for subject, count in mails.items() if subject.startswith("Receipt"))
    invited = (subject for subject in mails if subject.strip().startswith("Monthly review"))
    booked = sum(mails[subject] for subject in invited)
    assert reminders == 2, mails
    assert receipts == 2, mails
    assert booked >= 2 + 1, mails


def assert_two_months_in_the_database(stack: Stack) -> None:
    """Two reviews whose time has come, each with an invitation and a reminder for both sides."""
    [(engagement,)] = stack.sql(
        f"SELECT e.id FROM engagement e JOIN company c ON c.id = e.company_id"
        f" WHERE c.name = '{ADA.company}'"
    )
    now = stack.call("GET", "/api/time")["now"]
    reviews = stack.sql(
        "SELECT r.month, count(*) OVER (PARTITION BY r.month) FROM review r JOIN booking b"
        f" ON b.id = r.booking_id WHERE r.engagement_id = '{engagement}'"
        f" AND b.starts_at < '{now}'"
    )
    assert len(reviews) == 2 and all(count == 1 for _, count in reviews), reviews
    [(paid,)] = stack.sql(
        f"SELECT count(*) FROM invoice WHERE status = 'paid' AND engagement_id = '{engagement}'"
    )
    assert paid == 2
    [(twice,)] = stack.sql(
        "SELECT count(*) FROM (SELECT message_id FROM email GROUP BY 1 HAVING count(*) > 1) t"
    )
    assert twice == 0


def nothing_failed(coordinator: Page) -> None:
    coordinator.goto("/practice/jobs?state=failed")
    expect(coordinator.get_by_role("heading", name="Nothing waits")).to_be_visible()
    coordinator.goto("/practice/emails?state=uncertain")
    expect(coordinator.get_by_role("heading", name="E-mail").first).to_be_visible()
    expect(coordinator.get_by_text(ADA.email)).to_have_count(0)
