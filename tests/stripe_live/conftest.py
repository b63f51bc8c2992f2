"""Runs only when STRIPE_TEST_KEY is set, and only with a test key: see docs/stripe.md.

STRIPE_TEST_BASE leads the suite elsewhere than to api.stripe.com, such as to the stand-in.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from tests import databases
from tests.stripe_live.world import World
from webapp import db
from webapp.config import Settings

TEST_KEYS = ("sk_test_", "rk_test_")
_ELSE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "only-for-the-suite-" + "x" * 32,
    "TOTP_SECRETS": "only-for-the-suite-" + "y" * 32,
    "BASE_URL": "http://127.0.0.1",
    "TRUSTED_HOSTS": "127.0.0.1",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_FROM": "Righthand <hello@righthand.example.com>",
    "STRIPE_API_KEY": "sk_test_suite",
    "STRIPE_WEBHOOK_SECRET": "whsec_suite",
}


@pytest.fixture(scope="session")
def key() -> str:
    """The key to use; skips without one, fails before any call with one that is no test key."""
    key = os.environ.get("STRIPE_TEST_KEY", "")
    if not key:
        pytest.skip("set STRIPE_TEST_KEY to run against Stripe's test mode (docs/stripe.md)")
    if not key.startswith(TEST_KEYS):
        pytest.fail("STRIPE_TEST_KEY must start with sk_test_ or rk_test_: nothing was asked")
    return key


@pytest.fixture(scope="session")
def database(key: str) -> Iterator[None]:
    """Where the app counts Stripe's answers, which are part of the keys it changes things under."""
    if "DATABASE_URL" not in os.environ:
        pytest.fail("no DATABASE_URL: start it by `python3 -m sandbox run -- ...` (docs/stripe.md)")
    with databases.clone() as url:
        engine = db.connect(url)
        yield
        engine.dispose()


@pytest.fixture
def world(key: str, database: None) -> Iterator[World]:
    """The app's gateway on this key, and a test clock that is deleted at the end."""
    base = os.environ.get("STRIPE_TEST_BASE", "")
    settings = replace(Settings.from_environ(_ELSE), stripe_api_key=key, stripe_api_base=base)
    app = Flask("stripe_live")
    app.config["SETTINGS"] = settings
    with app.app_context():
        found = World(key, base)
        try:
            yield found
        finally:
            db.session.remove()
            found.close()
