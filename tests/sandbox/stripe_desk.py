"""A Stripe stand-in of a test's own, reached as the app and a browser reach it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import stripe

from sandbox.stripe.server import Options, running

KEY, SECRET = "sk_test_desk", "whsec_desk"
DAY = 86400
CARD = {
    "email": "ann@example.com",
    "number": "4242 4242 4242 4242",
    "exp": "12 / 40",
    "cvc": "123",
    "name": "Ann",
}


@dataclass
class Receiver:
    """A webhook endpoint that verifies what it gets. ``failing`` answers of 500 come first."""

    events: list[stripe.Event] = field(default_factory=list)
    refused: int = 0
    failing: int = 0
    url: str = ""

    def take(self, body: bytes, signature: str | None) -> int:
        if self.failing:
            self.failing -= 1
            return 500
        try:
            self.events.append(stripe.Webhook.construct_event(body, signature, SECRET))
        except stripe.SignatureVerificationError:
            self.refused += 1
            return 400
        return 200

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/stripe/webhook"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def client_of(
    url: str, key: str = KEY, retries: int = 0, timeout: float = 10
) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": url},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=(3, timeout)),
    )


@dataclass
class Desk:
    """One running stand-in: ``api`` is the real SDK, ``receiver`` gets its webhooks."""

    url: str
    receiver: Receiver
    api: stripe.StripeClient
    browser: requests.Session = field(default_factory=requests.Session)
    may_violate: bool = False

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.browser.request(method, f"{self.url}/_sandbox/{path}", json=body)
        assert answer.ok, answer.text
        return answer.json()

    @property
    def now(self) -> int:
        return int(self.control("GET", "time")["now"])

    def advance(self, seconds: int) -> None:
        self.advance_to(self.now + seconds)

    def advance_to(self, at: int) -> None:
        self.control("POST", "advance", {"to": at})

    def deliver(self) -> dict[str, int]:
        states: dict[str, int] = self.control("POST", "deliver")
        return states

    def violations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "violations")
        return found

    def event_types(self) -> list[str]:
        """All events, oldest first."""
        found = self.api.v1.events.list({"limit": 100}).auto_paging_iter()
        return [event.type for event in found][::-1]

    def customer(self, **values: Any) -> stripe.Customer:
        return self.api.v1.customers.create({"name": "Acme", "email": "ann@example.com"} | values)

    def retainer(
        self, buyer: stripe.Customer | None = None, **values: Any
    ) -> stripe.checkout.Session:
        """A Checkout session as the app opens it: first month and deposit now, renewals later."""
        lines = [
            price(500_000, "Retainer", monthly=True),
            price(500_000, "First month"),
            price(100_000, "Deposit"),
        ]
        owner = {"customer": buyer.id} if buyer else {}
        data = {"trial_end": self.now + 31 * DAY, "metadata": {"engagement": "e1"}}
        data |= values.pop("subscription_data", {})
        given: dict[str, Any] = {
            "mode": "subscription",
            "line_items": lines,
            "subscription_data": data,
            "client_reference_id": "e1",
            "success_url": "http://app.test/booked?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://app.test/back",
        }
        return self.api.v1.checkout.sessions.create(given | owner | values)

    def pay(
        self, session: stripe.checkout.Session, number: str = CARD["number"], **typed: str
    ) -> requests.Response:
        form = CARD | {"number": number} | typed
        return self.browser.post(str(session.url), data=form, allow_redirects=False)

    def subscribed(self, number: str = CARD["number"], **values: Any) -> stripe.Subscription:
        """A paid retainer of a new customer."""
        session = self.retainer(self.customer(), **values)
        assert self.pay(session, number).status_code == 303
        found = self.api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
        assert isinstance(found.subscription, stripe.Subscription)
        return found.subscription

    def invoices(self, subscription: str) -> list[stripe.Invoice]:
        """Oldest first."""
        return self.api.v1.invoices.list({"subscription": subscription, "limit": 100}).data[::-1]

    def give_card(self, subscription: stripe.Subscription, token: str) -> str:
        """Let the subscription be paid with the card behind a test token from now on."""
        customer = str(subscription.customer)
        method = self.api.v1.payment_methods.attach(token, {"customer": customer})
        self.api.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})
        return method.id


def price(
    amount: int, name: str, *, monthly: bool = False, currency: str = "usd"
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "currency": currency,
        "unit_amount": amount,
        "product_data": {"name": name},
    }
    if monthly:
        data["recurring"] = {"interval": "month"}
    return {"price_data": data, "quantity": 1}


@contextmanager
def desk_in(state: Path) -> Iterator[Desk]:
    with receiving() as receiver:
        options = Options(state=state, api_key=KEY, webhook_url=receiver.url, webhook_secret=SECRET)
        with running(options) as server:
            yield Desk(server.url, receiver, client_of(server.url))
