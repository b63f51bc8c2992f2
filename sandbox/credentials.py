"""The secrets of one state folder: made on its first start, kept for all later ones."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path


def long_secret() -> str:
    return secrets.token_urlsafe(48)


def password() -> str:
    return secrets.token_hex(16)


def typeable() -> str:
    """A password a person can read off the terminal and type: 80 bits without look-alikes."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


RECIPES: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": long_secret,
    "TOTP_SECRETS": long_secret,
    "STRIPE_API_KEY": lambda: "sk_test_" + secrets.token_hex(24),
    "STRIPE_WEBHOOK_SECRET": lambda: "whsec_" + secrets.token_hex(24),
    "DEMO_PASSWORD": typeable,
    "POSTGRES_PASSWORD": password,
    "OWNER_PASSWORD": password,
    "APP_PASSWORD": password,
    "VALKEY_PASSWORD": password,
}


def load_or_make(folder: Path) -> dict[str, str]:
    """The secrets in ``folder``; those missing (a first start, a newer version) are made."""
    path = folder / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in RECIPES.items() if name not in kept}
    if missing:
        write_private(path, json.dumps(kept | missing, indent=2))
    return kept | missing


def write_private(path: Path, text: str) -> None:
    """Replaces ``path`` in one step, readable by its owner only from the first byte on."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.rename(path)
