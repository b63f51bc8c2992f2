"""The stand-in as a program: how it starts, when it does not, and what survives kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from tests.sandbox.stripe_desk import CARD, KEY, SECRET, Desk, Receiver, client_of, receiving

MOST_WORK_TO_START = 4
"""Seconds of processor time; other tests on the machine may double what it takes alone."""


@contextmanager
def program(
    state: Path, receiver: Receiver, **environment: str
) -> Iterator[tuple[Desk, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "sandbox.stripe", "--state", str(state)]
    settings = {
        "STRIPE_STANDIN_API_KEY": KEY,
        "STRIPE_STANDIN_WEBHOOK_URL": receiver.url,
        "STRIPE_STANDIN_WEBHOOK_SECRET": SECRET,
    }
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | settings | environment
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield Desk(url, receiver, client_of(url)), process
    finally:
        process.kill()
        process.wait()


def test_it_starts_fast_and_stops_when_asked(tmp_path: Path) -> None:
    with receiving() as receiver, program(tmp_path, receiver) as (desk, process):
        spent = psutil.Process(process.pid).cpu_times()
        assert spent.user + spent.system < MOST_WORK_TO_START
        assert desk.url.startswith("http://127.0.0.1:")
        desk.customer()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.failing = 1
        with program(tmp_path, receiver) as (desk, process):
            desk.control("POST", "switches", {"delay": 600})
            desk.advance(10 * 86400)
            now = desk.now
            session = desk.retainer(desk.customer())
            desk.pay(session)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with program(tmp_path, receiver) as (desk, process):
            assert abs(desk.now - now) < 60
            found = desk.api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
            assert (found.status, found.subscription.status) == ("complete", "trialing")
            desk.deliver()
            assert "checkout.session.completed" in receiver.types
            desk.advance_to(found.subscription.trial_end + 3600)
            assert [i.status for i in desk.invoices(found.subscription.id)] == ["paid", "paid"]
            assert desk.violations() == []
            links = [str(i.hosted_invoice_url) for i in desk.invoices(found.subscription.id)]
            assert [desk.browser.get(link).status_code for link in links] == [200, 200]


@pytest.mark.parametrize(
    ("options", "environment", "reason"),
    [
        ([], {"SOME_KEY": "sk_live_abc"}, "a live Stripe key is set in the environment (SOME_KEY)"),
        (["--host", "0.0.0.0"], {}, "it listens on loopback only"),
        (["--api-key", "sk_live_abc"], {}, "the API key must start with sk_test_"),
        (["--webhook-url", "http://127.0.0.1:1/"], {}, "webhooks need a secret"),
    ],
)
def test_it_refuses_to_start(
    tmp_path: Path, options: list[str], environment: dict[str, str], reason: str
) -> None:
    command = [sys.executable, "-m", "sandbox.stripe", "--state", str(tmp_path), *options]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2 and reason in done.stderr


def test_two_never_share_a_state_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.stripe", "--state", str(tmp_path)]
    with receiving() as receiver, program(tmp_path, receiver):
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "is in use" in done.stderr


def test_pages_come_without_a_script_or_anything_from_elsewhere(desk: Desk) -> None:
    page = requests.get(str(desk.retainer(desk.customer()).url)).text
    assert "<script" not in page and "style=" not in page
    assert requests.get(f"{desk.url}/static/standin.css").ok
    assert CARD["number"].startswith("4242")
