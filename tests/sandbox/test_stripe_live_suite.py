"""The suite for Stripe's test mode runs here against the stand-in: what it expects is what is
played. It refuses any key that could move money."""

import os
import subprocess
import sys
from pathlib import Path

from tests.sandbox.stripe_desk import KEY, Desk
from tests.sandbox.test_stripe_connect import onboarded

SUITE = Path(__file__).parent.parent / "stripe_live"


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STRIPE_TEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    command += [f"--confcutdir={SUITE}", str(SUITE)]
    root = SUITE.parent.parent
    return subprocess.run(
        command, cwd=root, env=kept | settings, capture_output=True, text=True, timeout=300
    )


def test_the_suite_passes_against_the_stand_in(desk: Desk) -> None:
    where = {"STRIPE_TEST_KEY": KEY, "STRIPE_TEST_BASE": desk.url}
    done = run(**where, STRIPE_TEST_ACCOUNT=onboarded(desk), STRIPE_TEST_TAX="on")
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_without_a_key_everything_is_skipped() -> None:
    done = run()
    assert done.returncode == 0 and "passed" not in done.stdout and "skipped" in done.stdout


def test_a_live_key_is_refused_before_any_call(desk: Desk) -> None:
    for key in ("sk_" + "live_x", "pk_test_x"):
        done = run(STRIPE_TEST_KEY=key, STRIPE_TEST_BASE=desk.url)
        assert done.returncode == 1 and "nothing was asked" in done.stdout
    assert desk.control("GET", "calls") == []
