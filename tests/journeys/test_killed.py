"""Worker, relay, broker, beat or web killed at any point of the main job: the same end state."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.visitor import Client, book

# Each booking meets its own accidents: after which step, which programs die. The last is spared.
ACCIDENTS = {
    "Held": {"held": ["worker"], "paid": ["relay"]},
    "Detailed": {"detailed": ["valkey"], "paid": ["worker", "relay"]},
    "Signed": {"signed": ["relay", "worker"], "paid": ["valkey"]},
    "Checkout": {"at_checkout": ["web"], "paid": ["beat", "worker"]},
    "Paid": {"paid": ["worker", "relay", "valkey", "beat"]},
    "Spared": {},
}
CONSULTANT = "Thandiwe Mokoena"
# A worker that dies while it hands a mail over leaves it to a person ("uncertain"), and seven die.
MOST_DEATHS = 7
AS_TOLD = "CASE state WHEN 'uncertain' THEN 'sent' ELSE state END"


def client(name: str) -> Client:
    return Client(f"{name} Case", f"{name.lower()}@killed.example.com", f"{name} & Co")


def test_whatever_is_killed_the_end_is_the_same(visit: Visit, stack: Stack) -> None:
    for number, (name, accidents) in enumerate(ACCIDENTS.items()):
        page = visit()

        def strike(step: str, accidents: dict[str, list[str]] = accidents) -> None:
            for program in accidents.get(step, ()):
                strike_down = stack.kill_and_await if program == "web" else stack.kill
                strike_down(program)

        book(page, client(name), consultant=CONSULTANT, slot=3 * number, after=strike)
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=30_000)
    stack.settle()
    live_through_two_months(stack)
    assert_all_alike(stack)


def live_through_two_months(stack: Stack) -> None:
    """With more dying on the way. No third month begins or is announced: one would have been, for
    those alone whose kick-off was a day earlier than the others'."""
    for days, program in ((8, "worker"), (20, "relay"), (20, "valkey"), (2, "worker")):
        stack.kill(program)
        stack.advance(days=days)
    reach_a_quiet_day(stack)
    stack.settle()


def reach_a_quiet_day(stack: Stack) -> None:
    """On which as many reviews lie behind each of them, and none is so near that it was told of."""
    for _ in range(6):
        now = stack.call("GET", "/api/time")["now"]
        lives = stack.sql(
            f"SELECT count(*) FILTER (WHERE b.starts_at < '{now}'), count(*) FILTER"
            f" (WHERE b.starts_at < timestamptz '{now}' + interval '2 days') FROM review r"
            " JOIN booking b ON b.id = r.booking_id JOIN engagement e ON e.id = r.engagement_id"
            " JOIN company c ON c.id = e.company_id WHERE c.name LIKE '% & Co' GROUP BY e.id"
        )
        if len(set(lives)) == 1 and lives[0][0] == lives[0][1]:
            return
        stack.advance(days=1)
    raise AssertionError(f"no quiet day: {lives}")


def assert_all_alike(stack: Stack) -> None:
    """Every booking had the same mails, reviews and invoices as the one that was spared."""
    lives = {name: life(stack, client(name)) for name in ACCIDENTS}
    assert stack.call("GET", "/api/mails/duplicates") == {}
    assert lives["Spared"]["paid invoices"] >= 2 and lives["Spared"]["reviews"] >= 2
    different = {name: diff for name, one in lives.items() if (diff := one - lives["Spared"])}
    missing = {name: diff for name, one in lives.items() if (diff := lives["Spared"] - one)}
    assert (different, missing) == ({}, {}), (different, missing)
    [(uncertain,)] = stack.sql("SELECT count(*) FROM email WHERE state = 'uncertain'")
    assert uncertain <= MOST_DEATHS
    failed = "SELECT task, last_error FROM job WHERE state = 'failed'"
    assert stack.sql(failed) == []


def life(stack: Stack, who: Client) -> Counter[str]:
    """What became of one booking, countable: mails by kind, reviews, invoices, meetings."""
    company = f"(SELECT id FROM company WHERE name = '{who.company}')"
    engagement = f"(SELECT id FROM engagement WHERE company_id = {company})"
    found: Counter[str] = Counter()
    for kind, state, count in stack.sql(
        f"SELECT kind, {AS_TOLD}, count(*) FROM email WHERE recipient = '{who.email}' GROUP BY 1, 2"
    ):
        found[f"mail {kind} {state}"] = count
    for label, table in (
        ("reviews", "review"),
        ("meetings", "booking"),
        ("periods", "retainer_period"),
    ):
        [(found[label],)] = stack.sql(
            f"SELECT count(*) FROM {table} WHERE engagement_id = {engagement}"
        )
    [(found["paid invoices"],)] = stack.sql(
        f"SELECT count(*) FROM invoice WHERE status = 'paid' AND engagement_id = {engagement}"
    )
    return found
