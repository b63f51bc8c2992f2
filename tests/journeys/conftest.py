"""A real browser before the whole demo. Without a Chromium the journeys are skipped, loudly."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys.stack import Stack
from tests.radicale import free_port

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

Visit = Callable[..., Page]
FAILED = pytest.StashKey[bool]()
# What each browser showed last when a journey failed.
SHOTS = Path(__file__).parent.parent.parent / ".state" / "journeys"


# These move the stack's time by months, and what others look for would be past by then.
LAST = ("test_main_job.py", "test_money.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys share one stack, so they stay with one process of a parallel run."""
    items.sort(key=lambda item: LAST.index(item.path.name) + 1 if item.path.name in LAST else 0)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM")
    if not path:
        if os.environ.get("RIGHTHAND_REQUIRE_JOURNEYS"):
            pytest.fail("no Chromium: the journeys were required and cannot run")
        pytest.skip("NO CHROMIUM: this browser journey did not run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(chromium: Browser) -> Iterator[Stack]:
    """Not in pytest's own folder: that is closed to other users, and root's PostgreSQL is one.

    One port of this machine is kept for a calendar server that the demo may ask.
    """
    os.environ.setdefault("PRIVATE_CALENDAR_HOSTS", f"127.0.0.1:{free_port()}")
    with TemporaryDirectory(prefix="righthand-journeys-") as folder:
        Path(folder).chmod(0o755)
        with Stack.running(Path(folder) / "state") as running:
            yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def visit(chromium: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """visit(zone=…, phone=…, theme=…, script=…): a new person's browser, with its own cookies."""
    contexts: list[BrowserContext] = []

    def new_visitor(
        zone: str = "America/New_York",
        phone: bool = False,
        theme: str = "light",
        script: bool = True,
    ) -> Page:
        width = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = chromium.new_context(
            base_url=stack.url,
            timezone_id=zone,
            java_script_enabled=script,
            viewport=width,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
            # Colours half-way between two are nobody's contrast.
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield new_visitor
    for number, context in enumerate(contexts):
        if request.node.stash.get(FAILED, False):
            for page in context.pages:
                page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png", full_page=True)
        context.close()


@pytest.fixture
def signed_in(visit: Visit, stack: Stack) -> Callable[[str], Page]:
    """signed_in(role): that demo person's browser, signed in by password."""

    def person(role: str) -> Page:
        email, password = stack.people[role]
        page = visit()
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    return person
