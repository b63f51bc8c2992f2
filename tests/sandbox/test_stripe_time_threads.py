"""The stand-in does several things at once: time that one of them rehearses is nobody else's."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.stripe.core.account import MAIN, Account
from sandbox.stripe.core.schedule import catch_up, next_due, schedule
from sandbox.stripe.core.store import Store

MONTH = 30 * 86400


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(Store(tmp_path / "stripe.sqlite3"), "sk_test_time")


def elsewhere(do: Callable[[], object]) -> None:
    """In another thread, until it is done."""
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def test_a_preview_of_the_next_month_moves_no_clock(account: Account) -> None:
    """What ticks beside it does what is due now, not what will be when the month is over."""
    ahead = account.now() + MONTH
    schedule(account, "invoice.finalize", "in_later", ahead - 60)
    seen: list[int] = []
    with account.frozen(MAIN, ahead):
        elsewhere(lambda: seen.append(account.now()))
        elsewhere(lambda: catch_up(account))
        assert account.now() == ahead
    assert seen[0] < ahead - MONTH + 60
    assert next_due(account) == ahead - 60
    assert account.offset == 0 and abs(account.now() - time.time()) < 60
