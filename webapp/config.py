"""Settings from the environment, read and checked once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


class ConfigurationError(Exception):
    """The environment cannot run Righthand; the message lists every fault, one a line."""


def words(value: str) -> tuple[str, ...]:
    """Comma-separated text as a tuple, blanks dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


@dataclass(frozen=True)
class Settings:
    database_url: str
    redis_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    totp_secrets: tuple[str, ...]
    base_url: str
    trusted_hosts: tuple[str, ...]
    smtp_url: str
    mail_from: str
    stripe_api_key: str
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str
    stripe_tax: bool
    firm_name: str
    firm_address: str
    firm_time_zone: str
    proxy_hops: int
    private_calendar_hosts: tuple[str, ...]
    google_client_id: str
    google_client_secret: str
    microsoft_client_id: str
    microsoft_client_secret: str
    sandbox: bool

    @property
    def secure(self) -> bool:
        """Whether people reach us over https, so that cookies may say so."""
        return self.base_url.startswith("https://")

    @classmethod
    def from_environ(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read every setting; ConfigurationError names all that is missing or weak."""
        env = os.environ if env is None else env
        faults = [*_missing(env), *_weak(env)]
        if faults:
            raise ConfigurationError("\n".join(faults))
        return cls(
            database_url=sqlalchemy_url(env["DATABASE_URL"]),
            redis_url=env["REDIS_URL"],
            secret_key=env["SECRET_KEY"],
            secret_key_fallbacks=words(env.get("SECRET_KEY_FALLBACKS", "")),
            totp_secrets=words(env.get("TOTP_SECRETS", "")),
            base_url=env["BASE_URL"].rstrip("/"),
            trusted_hosts=words(env["TRUSTED_HOSTS"]),
            smtp_url=env["SMTP_URL"],
            mail_from=env["MAIL_FROM"],
            stripe_api_key=env["STRIPE_API_KEY"],
            stripe_webhook_secrets=words(env["STRIPE_WEBHOOK_SECRET"]),
            stripe_api_base=env.get("STRIPE_API_BASE", ""),
            stripe_tax=env.get("STRIPE_TAX") == "on",
            firm_name=env.get("FIRM_NAME", "Righthand"),
            firm_address=env.get("FIRM_ADDRESS", ""),
            firm_time_zone=env.get("FIRM_TIME_ZONE", "UTC"),
            proxy_hops=int(env.get("PROXY_HOPS", "0")),
            private_calendar_hosts=words(env.get("PRIVATE_CALENDAR_HOSTS", "").lower()),
            google_client_id=env.get("GOOGLE_CLIENT_ID", ""),
            google_client_secret=env.get("GOOGLE_CLIENT_SECRET", ""),
            microsoft_client_id=env.get("MICROSOFT_CLIENT_ID", ""),
            microsoft_client_secret=env.get("MICROSOFT_CLIENT_SECRET", ""),
            sandbox=env.get("RIGHTHAND_ENV") == "sandbox",
        )


REQUIRED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "BASE_URL",
    "TRUSTED_HOSTS",
    "SMTP_URL",
    "MAIL_FROM",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
)


def sqlalchemy_url(url: str) -> str:
    """A plain postgresql:// address with the driver named, as SQLAlchemy wants it."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _missing(env: Mapping[str, str]) -> list[str]:
    return [f"{name} is not set" for name in REQUIRED if not env.get(name, "").strip()]


def _weak(env: Mapping[str, str]) -> list[str]:
    faults = []
    keys = [env.get("SECRET_KEY", ""), *words(env.get("SECRET_KEY_FALLBACKS", ""))]
    if any(key and len(key) < 32 for key in keys):
        faults.append("SECRET_KEY and its fallbacks need 32 characters or more")
    if env.get("BASE_URL") and not urlsplit(env["BASE_URL"]).netloc:
        faults.append("BASE_URL must be a full address, such as https://app.example.com")
    if not env.get("PROXY_HOPS", "0").isdigit():
        faults.append("PROXY_HOPS counts the proxies in front of us, 0 for none")
    private = words(env.get("PRIVATE_CALENDAR_HOSTS", ""))
    if any(not host.rpartition(":")[2].isdigit() for host in private):
        faults.append("PRIVATE_CALENDAR_HOSTS names each host with its port: calendar.lan:5232")
    for issuer in ("GOOGLE", "MICROSOFT"):
        pair = f"{issuer}_CLIENT_ID", f"{issuer}_CLIENT_SECRET"
        if len([name for name in pair if env.get(name)]) == 1:
            faults.append(f"{pair[0]} and {pair[1]} go together: set both or neither")
    if "*" in env.get("TRUSTED_HOSTS", ""):
        faults.append("TRUSTED_HOSTS must name the hosts, not *")
    if env.get("RIGHTHAND_ENV") == "sandbox" and "_live_" in env.get("STRIPE_API_KEY", ""):
        faults.append("the sandbox refuses a live Stripe key")
    return faults
