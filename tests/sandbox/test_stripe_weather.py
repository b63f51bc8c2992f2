"""What goes wrong by share: each kind with its effect, all together, repeated by a seed."""

import json
import time
from pathlib import Path

import pytest
import stripe

from sandbox.stripe.server import Options, Refused, running, start
from tests.sandbox.stripe_desk import KEY, Desk, client_of

ALL = "* /v1/*"
STORM = {
    "seed": 11,
    "switches": {
        "duplicate": 1,
        "duplicate_share": 0.3,
        "reorder": True,
        "late": 0.2,
        "late_by": 600,
        "drop": 0.05,
        "forge": True,
        "forge_share": 0.2,
    },
    "faults": [
        {"match": ALL, "kind": "429", "share": 0.08, "retry_after": 1},
        {"match": ALL, "kind": "500", "share": 0.08},
        {"match": ALL, "kind": "500_after", "share": 0.05},
        {"match": ALL, "kind": "409", "share": 0.05},
        {"match": ALL, "kind": "lost_request", "share": 0.05},
        {"match": ALL, "kind": "lost_response", "share": 0.08},
    ],
}


def weather(desk: Desk, **wanted: object) -> None:
    desk.control("POST", "weather", wanted)


def names(desk: Desk) -> list[str | None]:
    return [c.name for c in desk.api.v1.customers.list({"limit": 100}).auto_paging_iter()]


def attempt(api: stripe.StripeClient, name: str, key: str) -> str:
    """One call; what came of it."""
    try:
        api.v1.customers.create({"name": name}, {"idempotency_key": key})
    except stripe.StripeError as failure:
        return str(failure.http_status or type(failure).__name__)
    return "200"


def test_a_rate_limit_tells_how_long_to_wait(desk: Desk) -> None:
    weather(desk, faults=[{"match": ALL, "kind": "429", "share": 1, "retry_after": 7}])
    with pytest.raises(stripe.RateLimitError) as refusal:
        desk.customer()
    assert (refusal.value.headers or {})["Retry-After"] == "7"


def test_a_500_after_the_effect_is_stored_and_the_effect_stays(desk: Desk) -> None:
    weather(desk, faults=[{"match": ALL, "kind": "500_after", "times": 1}])
    assert [attempt(desk.api, "A", "k") for _ in range(2)] == ["500", "500"]
    assert names(desk) == ["A"]


@pytest.mark.parametrize(("kind", "made"), [("timeout", []), ("timeout_after", ["A"])])
def test_a_timeout_comes_before_or_after_the_effect(desk: Desk, kind: str, made: list[str]) -> None:
    weather(desk, faults=[{"match": "POST *", "kind": kind, "seconds": 1, "times": 1}])
    assert attempt(client_of(desk.url, timeout=0.4), "A", "k") == "APIConnectionError"
    time.sleep(1)
    assert names(desk) == made
    assert attempt(desk.api, "A", "k") == "200"
    assert names(desk) == ["A"]


def test_a_lost_request_did_not_happen(desk: Desk) -> None:
    weather(desk, faults=[{"match": "POST *", "kind": "lost_request", "times": 1}])
    assert attempt(desk.api, "A", "k") == "APIConnectionError"
    assert names(desk) == []


def test_a_stored_500_is_forgotten_after_a_day(desk: Desk) -> None:
    weather(desk, faults=[{"match": ALL, "kind": "500", "times": 1}])
    assert [attempt(desk.api, "A", "k") for _ in range(2)] == ["500", "500"]
    desk.advance(86400 + 1)
    assert attempt(desk.api, "A", "k") == "200"


def test_a_key_with_another_body_is_refused_even_after_a_500(desk: Desk) -> None:
    weather(desk, faults=[{"match": ALL, "kind": "500", "times": 1}])
    attempt(desk.api, "A", "k")
    with pytest.raises(stripe.IdempotencyError) as refusal:
        desk.api.v1.customers.create({"name": "B"}, {"idempotency_key": "k"})
    assert refusal.value.http_status == 400


def test_a_seed_repeats_the_same_misfortune(desk: Desk) -> None:
    rounds = []
    for n in range(2):
        weather(desk, seed=3, faults=STORM["faults"])
        rounds.append([attempt(desk.api, "A", f"{n}-{i}") for i in range(40)])
    assert rounds[0] == rounds[1]
    assert {"200", "429", "500", "APIConnectionError"} <= set(rounds[0])
    weather(desk, seed=4, faults=STORM["faults"])
    assert [attempt(desk.api, "A", f"2-{i}") for i in range(40)] != rounds[0]


def test_in_a_storm_patience_and_one_key_an_attempt_make_everything_once(desk: Desk) -> None:
    weather(desk, **STORM)
    for n in range(40):
        tries = 0
        while attempt(desk.api, f"c{n}", f"{n}:{tries}") != "200":
            # A stored 500 answers for its key for a day: whoever goes on looks before making.
            done = _found(desk, f"c{n}")
            if done:
                break
            tries += 1
    weather(desk)
    made = names(desk)
    assert len(made) == len(set(made)) == 40
    desk.advance(700)
    desk.deliver()
    created = [e for e in desk.receiver.events if e.type == "customer.created"]
    sent = len({e.id for e in created})
    assert 30 <= sent < 40 and len(created) > sent and desk.receiver.refused > 0


def _found(desk: Desk, name: str) -> bool:
    while True:
        try:
            return name in names(desk)
        except stripe.StripeError:
            continue


def test_a_late_event_waits_for_the_account_s_time(desk: Desk) -> None:
    weather(desk, switches={"late": 1, "late_by": 3600})
    desk.customer()
    assert desk.deliver() == {"pending": 0, "delivered": 0, "held": 1}
    desk.advance(3500)
    assert desk.deliver()["held"] == 1
    desk.advance(101)
    assert desk.deliver() == {"pending": 0, "delivered": 1}
    assert desk.receiver.types == ["customer.created"]


def test_shares_of_events_are_doubled_and_forged(desk: Desk) -> None:
    weather(
        desk,
        seed=1,
        switches={"duplicate": 2, "duplicate_share": 0.5, "forge": True, "forge_share": 0.5},
    )
    for _ in range(20):
        desk.customer()
    desk.deliver()
    assert 20 < len(desk.receiver.events) < 60 and (len(desk.receiver.events) - 20) % 2 == 0
    assert 0 < desk.receiver.refused < 20


def test_weather_can_be_set_from_the_start_and_nonsense_stops_the_start(tmp_path: Path) -> None:
    options = Options(state=tmp_path / "a", api_key=KEY, weather=json.dumps(STORM))
    with running(options) as server:
        found = Desk(server.url, None, client_of(server.url)).control("GET", "weather")  # type: ignore[arg-type]
        assert found["seed"] == 11 and len(found["faults"]) == 6
        assert found["switches"]["late"] == 0.2
    with pytest.raises(Refused, match="weather"):
        start(Options(state=tmp_path / "b", api_key=KEY, weather='{"faults": [{"kind": "fire"}]}'))


@pytest.mark.parametrize(
    "wanted",
    [
        {"sun": True},
        {"switches": {"explode": 1}},
        {"faults": [{"match": ALL, "kind": "500", "share": 2}]},
    ],
)
def test_unknown_weather_is_refused_and_changes_nothing(
    desk: Desk, wanted: dict[str, object]
) -> None:
    answer = desk.browser.post(f"{desk.url}/_sandbox/weather", json=wanted)
    assert answer.status_code == 400
    assert desk.control("GET", "weather")["faults"] == []
