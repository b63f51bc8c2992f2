"""Money as people meet it: a declined card, the bank's question, another plan, a refund, a year."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.depth import depth
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import (
    Client,
    accept,
    enter_by_welcome_mail,
    give_details,
    open_checkout,
    pay,
    take_time,
)

# The second is asked about until it is known, and then pays by itself.
DECLINED, BANK_ASKS = "4000000000000002", "4000002500003155"
NORA = Client("Nora Finch", "nora@finch.example.com", "Finch Ceramics")
MONTHS = depth(12, 1)


def test_declined_then_asked_by_the_bank_then_through_changes_and_a_year_of_invoices(
    visit: Visit, stack: Stack, signed_in: Callable[[str], Page]
) -> None:
    visitor = visit(zone="America/New_York")
    take_time(visitor, "COO, two days a month", "Lukas Brandt")
    give_details(visitor, NORA)
    accept(visitor, NORA)
    open_checkout(visitor)
    pay_at_the_third_try(visitor)

    kick_off(signed_in("coordinator"), stack)
    charged = upgrade_as_shown(signed_in("coordinator"), stack)
    assert charged == charged_of(stack)[-1], "what was shown is what was charged, to the cent"
    give_back(signed_in("finance"), stack)

    stack.advance(months=MONTHS)
    stack.settle()
    client = enter_by_welcome_mail(visit(), stack, NORA)
    client.goto("/billing")
    invoices = client.get_by_role("table", name=re.compile("Invoices and receipts"))
    # The first, the upgrade's, and each month's; of the first some was given back.
    expect(invoices.get_by_text("Refunded in part", exact=True)).to_have_count(1)
    expect(invoices.get_by_text("Paid", exact=True)).to_have_count(1 + MONTHS)
    assert stack.call("GET", "/api/mails/duplicates") == {}
    receipts = [one for one in stack.mails(NORA.email) if one["subject"].startswith("Receipt")]
    assert len(receipts) == 2 + MONTHS


def pay_at_the_third_try(page: Page) -> None:
    """The card is declined; of another the bank asks, in vain at first."""
    pay(page, NORA, DECLINED)
    expect(page.get_by_text("Your card was declined.").first).to_be_visible()
    pay(page, NORA, BANK_ASKS)
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_text("unable to authenticate").first).to_be_visible()
    pay(page, NORA, BANK_ASKS)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.get_by_role("heading", name="Thank you, Nora")).to_be_visible()


def engagement_of(stack: Stack) -> str:
    [(found,)] = stack.sql(
        "SELECT e.id::text FROM engagement e JOIN company c ON c.id = e.company_id"
        f" WHERE c.name = '{NORA.company}'"
    )
    return str(found)


def kick_off(coordinator: Page, stack: Stack) -> None:
    """Its hour passes, and it is recorded as held."""
    stack.settle()
    [(ends,)] = stack.sql(
        "SELECT (b.ends_at + interval '1 hour')::text FROM booking b"
        f" WHERE b.kind = 'kickoff' AND b.engagement_id = '{engagement_of(stack)}'"
    )
    stack.advance(to=ends.replace(" ", "T") + ":00")
    coordinator.goto(f"/engagements/{engagement_of(stack)}/kickoff")
    coordinator.get_by_role("checkbox").check()
    coordinator.get_by_role("button", name="Kick-off held").click()
    expect(coordinator.get_by_text("The kick-off is closed").first).to_be_visible()


def upgrade_as_shown(coordinator: Page, stack: Stack) -> int:
    """Days later, at once; the cents that the page says are charged today."""
    stack.advance(days=4)
    coordinator.goto(f"/engagements/{engagement_of(stack)}/plan")
    coordinator.get_by_role("radio", name=re.compile("^COO, four days a month:")).check()
    coordinator.get_by_role("radio", name=re.compile("^At once")).check()
    coordinator.get_by_role("button", name="Show what it costs").click()
    shown = coordinator.locator(".card", has_text="Charged today").first.inner_text()
    coordinator.get_by_label("Why?").fill("A second site opens")
    coordinator.get_by_role("button", name="Change the plan").click()
    coordinator.wait_for_url(f"**/engagements/{engagement_of(stack)}")
    stack.settle()
    [*_, total] = re.findall(r"\$([\d,]+\.\d\d)", shown)
    return int(total.replace(",", "").replace(".", ""))


def charged_of(stack: Stack) -> list[int]:
    """What was paid by each invoice, oldest first."""
    rows = stack.sql(
        "SELECT paid_minor FROM invoice WHERE status = 'paid'"
        f" AND engagement_id = '{engagement_of(stack)}' ORDER BY issued_at"
    )
    return [paid for (paid,) in rows]


def give_back(finance: Page, stack: Stack) -> None:
    """A hundred dollars of the first invoice, with a reason."""
    [(invoice,)] = stack.sql(
        f"SELECT id::text FROM invoice WHERE engagement_id = '{engagement_of(stack)}'"
        " ORDER BY issued_at LIMIT 1"
    )
    finance.goto(f"/practice/invoices/{invoice}/give-back")
    finance.get_by_label("Amount").fill("100")
    finance.locator("input[name=means][value=refund]").check()
    finance.get_by_label("Why", exact=True).fill("The first workshop was cut short")
    finance.get_by_role("button", name="See what it sets off").click()
    finance.get_by_role("button", name="Yes, give $100.00 back").click()
    stack.settle()
    assert stack.sql(f"SELECT amount_minor, state FROM refund WHERE invoice_id = '{invoice}'") == [
        (10000, "succeeded")
    ]
