"""The one Stripe account the stand-in plays: its settings, its objects, its time.

Time runs on *timelines*. The account's own (named ``""``) is the machine's clock plus an offset
that only ever grows; each test clock is another, which stands still until it is advanced. A
customer, and everything that belongs to it, lives on the timeline it was created on.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.stripe.core.documents import PRIVATE, Document, complete
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.store import Store
from sandbox.stripe.sdk.types import object_class

MAIN = ""
"""The account's own timeline."""


class Request(NamedTuple):
    """The API request being answered, as events name it; null for the account's own doings."""

    id: str | None = None
    idempotency_key: str | None = None


current_request: ContextVar[Request] = ContextVar("current_request", default=Request())  # noqa: B039


acting_for: ContextVar[str] = ContextVar("acting_for", default="")
"""The connected account a call is made for by its ``Stripe-Account`` header; else the platform."""


@dataclass(frozen=True)
class Rules:
    """Settings a real account has in its dashboard."""

    upcoming_days: int = 7
    """Days before a renewal at which ``invoice.upcoming`` is sent."""
    retry_days: tuple[int, ...] = (3, 5, 7)
    """Days from each failed payment of an invoice to the next attempt."""
    after_retries: str = "cancel"
    """What becomes of the subscription then: ``cancel``, ``unpaid`` or ``past_due``."""
    finalize_after: int = 3600
    """Seconds for which a renewal's invoice stays a draft."""
    bank_debits: bool = True
    """Whether Checkout and the portal offer them beside cards, where the currency has one."""
    debit_days: int = 4
    """Working days until a bank debit is known to have worked."""
    debits_begin: bool = True
    """Whether a subscription begins while its first bank debit is under way; else it is
    ``incomplete`` until that has cleared. Stripe's pages tell of both."""
    country: str = "US"
    """Where the account is at home, from which tax is worked out."""
    registered: tuple[str, ...] = ()
    """Further countries it collects tax in (``billing/tax_rates.py``)."""
    negative_taxed: bool = False
    """Whether items of negative amounts may be on an invoice taxed automatically."""


@dataclass
class Account:
    store: Store
    api_key: str
    webhook_url: str = ""
    webhook_secret: str = ""
    origin: str = ""
    """Where pages and the API are reached, such as ``http://127.0.0.1:8421``."""
    wake_sender: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    _standing: threading.local = field(default_factory=threading.local)

    def now(self, timeline: str = MAIN) -> int:
        """Unix seconds on a timeline."""
        if timeline in self._frozen:
            return self._frozen[timeline]
        if timeline == MAIN:
            return int(time.time()) + self.offset
        return int(self.get("test_helpers.test_clock", timeline)["frozen_time"])

    @property
    def offset(self) -> int:
        return int(self.store.setting("offset", 0))

    @contextmanager
    def frozen(self, timeline: str, at: int) -> Iterator[None]:
        """Let a timeline stand at an instant while what is due then is done, or rehearsed: for this
        thread alone. Whoever looks at the time meanwhile sees what it is."""
        before = self._frozen
        self._standing.at = before | {timeline: at}
        try:
            yield
        finally:
            self._standing.at = before

    @property
    def _frozen(self) -> dict[str, int]:
        found: dict[str, int] = getattr(self._standing, "at", {})
        return found

    def timeline_of(self, document: Document) -> str:
        kept = document.get(PRIVATE, {}).get("timeline")
        if kept is not None:
            return str(kept)
        if document.get("test_clock"):
            return str(document["test_clock"])
        customer = document.get("customer")
        owner = self.store.load(customer) if isinstance(customer, str) else None
        return str((owner or {}).get("test_clock") or MAIN)

    def time_of(self, document: Document) -> int:
        """The present of the timeline this document lives on."""
        return self.now(self.timeline_of(document))

    def customer_time(self, customer: str | None) -> int:
        return self.time_of({"customer": customer})

    def settle_at(self, origin: str) -> None:
        """Be reached at an address from now on; links handed out before lead there too."""
        before = self.store.setting("origin", origin)
        with self.store.transaction():
            if before != origin:
                sql = "UPDATE objects SET document = replace(document, ?, ?)"
                self.store.run(sql, before + "/", origin + "/")
            self.store.set_setting("origin", origin)
        self.origin = origin

    @property
    def rules(self) -> Rules:
        kept: dict[str, Any] = self.store.setting("rules", {})
        for name in {"retry_days", "registered"} & kept.keys():
            kept[name] = tuple(kept[name])
        return Rules(**kept)

    def get(self, kind: str, identifier: str, param: str = "id") -> Document:
        """The document, or Stripe's ``resource_missing``."""
        found = self.store.load(identifier)
        if found is None or found["object"] != kind:
            raise missing(kind, identifier, param)
        return found

    def find(self, kind: str, **equal: Any) -> list[Document]:
        return self.store.find(kind, **equal)

    def save(self, document: Document) -> Document:
        """Keep a document, with null wherever a change left a nullable field out."""
        document.update(complete(document, object_class(document["object"])))
        self.store.save(document)
        return document
