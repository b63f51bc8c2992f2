"""The queue of webhook deliveries and the thread that works it off.

A delivery is kept until the receiver answers 2xx, with a pause that doubles from half a second to
half a minute. Signatures follow Stripe's scheme: HMAC-SHA256 over ``<timestamp>.<body>`` with the
machine's time, whatever the account's clock says.
"""

import hashlib
import hmac
import json
import sqlite3
import threading
import time
from dataclasses import dataclass

import requests

from sandbox.stripe.core import chance
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate
from sandbox.stripe.core.ids import new_id
from sandbox.stripe.core.switches import Switches

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
MOST_ATTEMPTS = 200
_TIMEOUT = 10.0
_GATHER = 0.15
"""Seconds to wait for more events when they are to be shuffled."""


def signature(secret: str, body: str, at: int) -> str:
    """The ``Stripe-Signature`` header for a body sent at this Unix second."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def enqueue(account: Account, event: Document) -> None:
    """Queue an event, as the switches say: more than once, late, never, or beside a forged copy."""
    if not account.webhook_url:
        return
    switches = Switches.of(account)
    state = "dropped" if switches.drops(account, event["type"]) else "pending"
    for _ in range(switches.copies(account)):
        _insert(account, switches, event, state)
    if switches.forges(account):
        forged = duplicate(event) | {"id": new_id("event")}
        _insert(account, switches, forged, state, forged=True)
    account.wake_sender.set()


def _insert(
    account: Account, switches: Switches, event: Document, state: str, forged: bool = False
) -> None:
    """Each copy has a wait of its own."""
    account.store.run(
        "INSERT INTO deliveries (event, type, body, forged, state, next_at, held_until) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        event["id"],
        event["type"],
        json.dumps(event),
        int(forged),
        state,
        time.time() + switches.wait(account),
        switches.held_until(account),
    )


@dataclass
class Sender:
    """Works the queue off, alone or for whoever calls ``flush``; never two at a time."""

    account: Account

    def __post_init__(self) -> None:
        self._turn = threading.Lock()
        self._session = requests.Session()
        self._session.trust_env = False

    def run_forever(self) -> None:
        while True:
            self.account.wake_sender.wait(timeout=0.25)
            self.account.wake_sender.clear()
            if self.account.stopping.is_set():
                return
            self._gather()
            self.send_batch(time.time())

    def _gather(self) -> None:
        if Switches.of(self.account).reorder:
            time.sleep(_GATHER)

    def send_batch(self, until: float) -> int:
        """Send what is due before ``until`` once; returns how many deliveries were tried."""
        with self._turn:
            batch = self._due(until)
            if Switches.of(self.account).reorder:
                chance.shuffle(self.account, batch)
            for row in batch:
                self._send(row)
            return len(batch)

    def flush(self, seconds: float) -> None:
        """Deliver everything, waits and pauses left out, or give up when the time is over.

        What is held back until the account's time has gone on stays where it is.
        """
        deadline, pause = time.monotonic() + seconds, 0.05
        while self.send_batch(float("inf")) and time.monotonic() < deadline:
            if self._due(float("inf")):
                time.sleep(pause)
                pause = min(2 * pause, 1.0)

    def _due(self, until: float) -> list[sqlite3.Row]:
        sql = (
            "SELECT * FROM deliveries WHERE state = 'pending' AND next_at <= ? "
            "AND held_until <= ? ORDER BY seq"
        )
        return self.account.store.rows(sql, until, self.account.now())

    def _send(self, row: sqlite3.Row) -> None:
        secret = "whsec_forged" if row["forged"] else self.account.webhook_secret
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(secret, row["body"], int(time.time())),
            "User-Agent": "Stripe/1.0 (stand-in)",
        }
        try:
            answer = self._session.post(
                self.account.webhook_url,
                data=row["body"].encode(),
                headers=headers,
                timeout=_TIMEOUT,
            )
            self._note(row, str(answer.status_code), answer.ok)
        except requests.RequestException as failure:
            self._note(row, type(failure).__name__, False)

    def _note(self, row: sqlite3.Row, answer: str, delivered: bool) -> None:
        attempts = row["attempts"] + 1
        pause = min(FIRST_PAUSE * 2 ** min(attempts, 10), LONGEST_PAUSE)
        self.account.store.run(
            "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, answer = ? WHERE seq = ?",
            _state(row, delivered, attempts),
            attempts,
            time.time() + pause,
            answer,
            row["seq"],
        )


def _state(row: sqlite3.Row, delivered: bool, attempts: int) -> str:
    if delivered or row["forged"]:
        return "delivered" if delivered else "refused"
    return "given_up" if attempts >= MOST_ATTEMPTS else "pending"
