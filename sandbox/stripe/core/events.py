"""Events: made with the change they report, checked against the SDK, queued for delivery."""

from typing import Any

from stripe._api_version import _ApiVersion

from sandbox.stripe.core.account import Account, current_request
from sandbox.stripe.core.documents import Document, private, public, shape
from sandbox.stripe.core.violations import check
from sandbox.stripe.core.webhooks import enqueue

API_VERSION = _ApiVersion.CURRENT


def emit(account: Account, kind: str, document: Document, previous: Document | None = None) -> None:
    """Record that something happened to a document as it now is; in a rehearsal nothing did."""
    if account.store.rehearsing:
        return
    data: Document = {"object": public(document)}
    if previous is not None:
        data["previous_attributes"] = previous
    connected = _connected(document)
    event = shape(
        "event",
        api_version=API_VERSION,
        created=account.time_of(document),
        data=data,
        livemode=False,
        pending_webhooks=1 if account.webhook_url else 0,
        request=current_request.get()._asdict(),
        type=kind,
        **({"account": connected} if connected else {}),
    )
    check(account, f"event {kind}", event)
    check(account, f"event {kind}", data["object"])
    account.save(event)
    enqueue(account, event)


def _connected(document: Document) -> str | None:
    """The connected account a document belongs to, which its events then name."""
    if document["object"] == "account":
        return str(document["id"])
    found: str | None = private(document).get("holder") or document.get("account")
    return found


def change(account: Account, event: str | None, document: Document, **values: Any) -> Document:
    """Set fields, save, and report them with what they were before; nothing if nothing differs."""
    previous = {k: document.get(k) for k, v in values.items() if document.get(k) != v}
    document.update(values)
    account.save(document)
    if event and previous:
        emit(account, event, document, public(previous))
    return document
