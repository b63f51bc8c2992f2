"""Finding the Chromium that the journeys drive."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def with_browser(environment: dict[str, str]) -> dict[str, str]:
    """``environment`` with CHROMIUM set to the browser found, if there is one."""
    found = environment.get("CHROMIUM") or on_path() or playwrights_own()
    return environment | ({"CHROMIUM": found} if found else {})


def on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def playwrights_own() -> str | None:
    """The newest one ``playwright install`` left in its cache."""
    default = Path.home() / ".cache" / "ms-playwright"
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    found = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def journeys_skipped(environment: dict[str, str]) -> bool:
    return not environment.get("CHROMIUM") and not environment.get("RIGHTHAND_REQUIRE_JOURNEYS")
