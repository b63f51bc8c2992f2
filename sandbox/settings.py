"""The settings the programs are started with (see webapp/config.py for what each means)."""

import os
from collections.abc import Mapping

from sandbox.ports import LOOPBACK
from sandbox.state import State

# Port 9 (RFC 863) has no listener here: until a run starts a stand-in of its own, calling out fails
# at once, and never reaches the real Stripe.
NOWHERE = f"{LOOPBACK}:9"
SHARED_SECRETS = ("SECRET_KEY", "TOTP_SECRETS", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET")


def exported(
    state: State, secrets: Mapping[str, str], addresses: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of a program: ours, the addresses, the secrets, the business clock."""
    found = {
        "MAIL_FROM": "Righthand <hello@righthand.example>",
        "TRUSTED_HOSTS": f"{LOOPBACK},localhost",
        "BASE_URL": f"http://{LOOPBACK}:8000",
        "SMTP_URL": f"smtp://{NOWHERE}",
        "STRIPE_API_BASE": f"http://{NOWHERE}",
        "CLOCK_OFFSET_FILE": str(state.clock),
        "RIGHTHAND_ENV": "sandbox",
        "RIGHTHAND_STATE": str(state.root),
        "DEMO_PASSWORD": secrets["DEMO_PASSWORD"],
        "PYTHONUNBUFFERED": "1",
    }
    shared = {name: secrets[name] for name in SHARED_SECRETS}
    return {**os.environ, **shared, **found, **addresses}
