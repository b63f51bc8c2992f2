"""The webhook believes nobody but Stripe, keeps each event once, and answers at once."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import stripe as sdk
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from tests.billing.conftest import Client, rows
from tests.standin import SECRET, StandIn
from webapp.billing.models import StripeEvent
from webapp.outbox import Job


def event(**values: Any) -> bytes:
    defaults = {
        "id": "evt_test_1", "object": "event", "type": "invoice.paid", "livemode": False,
        "api_version": "2026-10-28.endive", "data": {"object": {"id": "in_1", "parent": None,
        "metadata": {}}},
    }  # fmt: skip
    return json.dumps(defaults | values).encode()


def signature(body: bytes, secret: str = SECRET, at: float | None = None) -> str:
    stamp = int(at or time.time())
    text = body.decode("latin-1") if b"\xff" in body else body.decode()
    return str(sdk.WebhookSignature.generate_signature_header(text, secret, stamp))


def signed(body: bytes) -> str:
    """A good signature of any bytes at all; the SDK signs text only."""
    stamp = str(int(time.time()))
    made = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return f"t={stamp},v1={made}"


@pytest.fixture
def post(app: Flask) -> Callable[..., int]:
    def send(body: bytes, header: str | None) -> int:
        headers = {"Stripe-Signature": header} if header is not None else {}
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    return send


def nothing_kept() -> bool:
    return rows(StripeEvent) == [] and rows(Job) == []


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "t=,v1=",
        "t=NOW,v1=" + "0" * 64,
        "v1=abc",
        "t=abc,v1=x",
    ],
)
def test_m09_absent_or_malformed_signature_is_400_and_nothing_is_stored(
    post: Callable[..., int], header: str | None
) -> None:
    stamped = header and header.replace("NOW", str(int(time.time())))
    assert post(event(), stamped) == 400
    assert nothing_kept()


def test_m09_wrong_secret_is_400_and_nothing_is_stored(post: Callable[..., int]) -> None:
    body = event()
    assert post(body, signature(body, "whsec_somebody_else")) == 400
    assert nothing_kept()


def test_m09_body_changed_after_signing_is_400_and_nothing_is_stored(
    post: Callable[..., int],
) -> None:
    assert post(event(type="invoice.voided"), signature(event())) == 400
    assert nothing_kept()


@pytest.mark.parametrize(("seconds", "code"), [(301, 400), (290, 200)])
def test_m10_signed_body_replayed_after_301_seconds_is_400(
    post: Callable[..., int], seconds: int, code: int
) -> None:
    body = event()
    assert post(body, signature(body, at=time.time() - seconds)) == code
    assert nothing_kept() == (code == 400)


@pytest.mark.parametrize(("seconds", "code"), [(310, 400), (86400 * 365, 400), (290, 200)])
def test_m11_signature_dated_ahead_is_400(
    post: Callable[..., int], seconds: int, code: int
) -> None:
    body = event()
    assert post(body, signature(body, at=time.time() + seconds)) == code
    assert nothing_kept() == (code == 400)


def test_m10_replay_within_five_minutes_has_no_second_effect(post: Callable[..., int]) -> None:
    body = event()
    header = signature(body)
    assert [post(body, header), post(body, header)] == [200, 200]
    assert len(rows(StripeEvent)) == len(rows(Job)) == 1


def test_m12_both_secrets_are_accepted_while_one_replaces_the_other(
    app: Flask, post: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = replace(app.config["SETTINGS"], stripe_webhook_secrets=("whsec_new", "whsec_old"))
    monkeypatch.setitem(app.config, "SETTINGS", both)
    first, second = event(), event(id="evt_test_2")
    assert post(first, signature(first, "whsec_new")) == 200
    assert post(second, signature(second, "whsec_old")) == 200
    assert len(rows(StripeEvent)) == 2


@pytest.mark.parametrize("body", [b"not json", b"[1, 2]", b'"text"', b"{}", b'{"id": "evt_1"}'])
def test_m13_signed_but_no_json_of_an_event_is_400(post: Callable[..., int], body: bytes) -> None:
    assert post(body, signature(body)) == 400
    assert nothing_kept()


def about(text: str) -> bytes:
    """An event, except that this is spelled out where its object's name is."""
    return event(data={"object": {"id": "in_1", "note": "HERE"}}).replace(b'"HERE"', text.encode())


@pytest.mark.parametrize(
    "body",
    [
        event(id="evt_\0"),
        event(type="invoice\0paid"),
        event(id="evt_\ud800"),
        event(data={"object": {"id": "in_\0"}}),
        about('"\\u0000"'),
        about('"\\udfff"'),
        about('{"\\u0000": 1}'),
        about("NaN"),
        about("-Infinity"),
        about("1e999"),
        about("9" * 5000),
        about("[" * 200 + "]" * 200),
        about("[" * 100_000 + "]" * 100_000),
        b"[" * 100_000,
        event().decode().encode("utf-16"),
        b"\xef\xbb\xbf" + event(),
    ],
    ids=range(16),
)
def test_m13_signed_but_nothing_that_can_be_kept_is_400(
    post: Callable[..., int], body: bytes
) -> None:
    assert post(body, signed(body)) == 400
    assert nothing_kept()


@pytest.mark.parametrize(
    "values",
    [
        {"id": 7},
        {"id": None},
        {"id": ""},
        {"id": "e" * 256},
        {"type": ["invoice.paid"]},
        {"livemode": "no"},
        {"api_version": {}},
        {"data": None},
        {"data": {"object": None}},
        {"data": {"object": ["in_1"]}},
        {"data": {"object": {"id": 7}}},
        {"data": {"object": {"id": {"id": "in_1"}}}},
    ],
    ids=str,
)
def test_m13_signed_but_not_of_an_events_shape_is_400(
    post: Callable[..., int], values: dict[str, Any]
) -> None:
    body = event(**values)
    assert post(body, signature(body)) == 400
    assert nothing_kept()


def test_ordinary_text_that_looks_odd_is_kept(post: Callable[..., int]) -> None:
    body = about(r'"\ud83d\ude00 \\u0000 NaN"')
    assert post(body, signature(body)) == 200
    assert rows(StripeEvent)[0].subject["note"] == "\U0001f600 \\u0000 NaN"


@pytest.mark.parametrize("kind", ["balance.available", "invoice.paid"])
def test_event_about_what_has_no_id_is_kept_and_ignored(
    post: Callable[..., int], drain: Callable[[], int], kind: str
) -> None:
    body = event(type=kind, data={"object": {"object": "balance"}})
    assert post(body, signature(body)) == 200
    drain()
    assert [kept.state for kept in rows(StripeEvent)] == ["ignored"]


def test_m13_signed_but_not_utf8_is_400(post: Callable[..., int]) -> None:
    body = b'{"id": "\xff\xfe"}'
    assert post(body, signature(body)) == 400
    assert nothing_kept()


def test_m14_unknown_type_is_answered_and_kept_as_ignored(
    post: Callable[..., int], drain: Callable[[], int]
) -> None:
    body = event(type="radar.early_fraud_warning.created")
    assert post(body, signature(body)) == 200
    drain()
    assert [kept.state for kept in rows(StripeEvent)] == ["ignored"]


def test_event_about_somebody_elses_object_is_ignored(
    post: Callable[..., int], drain: Callable[[], int]
) -> None:
    body = event()
    assert post(body, signature(body)) == 200
    drain()
    [kept] = rows(StripeEvent)
    assert (kept.state, kept.error) == ("ignored", "names no engagement")


def test_m15_live_event_at_a_test_key_is_logged_and_not_put_in_line(
    post: Callable[..., int],
) -> None:
    body = event(livemode=True)
    with capture_logs() as logs:
        assert post(body, signature(body)) == 200
    assert [entry["log_level"] for entry in logs if entry["event"] == "stripe.other_mode"] == [
        "error"
    ]
    [kept] = rows(StripeEvent)
    assert kept.state == "ignored" and "other mode" in kept.error
    assert rows(Job) == []


def test_m09_forged_copy_beside_each_event_changes_nothing(payer: Client) -> None:
    payer.stripe.control("switches", forge=True)
    payer.start()
    tried = payer.stripe.control("webhooks")["deliveries"]
    answers = {row["answer"] for row in tried if row["forged"]}  # 503: the gate was closed
    assert "400" in answers and answers <= {"400", "503"}
    made = {one["id"] for one in payer.stripe.objects("event")}
    assert {kept.id for kept in rows(StripeEvent)} <= made


def test_signature_is_checked_before_anything_is_read(client: FlaskClient, stripe: StandIn) -> None:
    assert client.post("/stripe/webhook", data=b"x" * 2_000_000).status_code in {400, 413}
    assert nothing_kept()
