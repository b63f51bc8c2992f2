"""The second opinion on what a deposit comes to, where notice, the end and a bank meet."""

from __future__ import annotations

from datetime import date, timedelta

from tests.simulation.client import Contest, Facts
from tests.simulation.oracle import left_of_deposit

KICK_OFF, ENDS = date(2027, 4, 7), date(2027, 9, 7)
LAST, AFTER = date(2027, 8, 7), date(2027, 10, 7)


def noticed(on: date, *contests: Contest) -> Facts:
    return Facts(
        "retainer", "GBP", "Europe/Berlin", 1_000, KICK_OFF, [(KICK_OFF, 5_000)],
        contests=list(contests), noticed=on, ends_on=ENDS,
    )  # fmt: skip


def contest(since: date, lost: bool = True, of_deposit: bool = True) -> Contest:
    return Contest(since, since + timedelta(days=9), of_deposit, lost)


def test_the_deposit_pays_the_last_month_or_what_is_left_at_the_end() -> None:
    in_time, late = noticed(date(2027, 6, 20)), noticed(date(2027, 8, 20))
    assert [left_of_deposit(in_time, day) for day in (date(2027, 8, 6), LAST)] == [{1_000}, {0}]
    assert [left_of_deposit(late, day) for day in (LAST, ENDS)] == [{1_000}, {0}]


def test_a_deposit_that_a_bank_took_back_for_good_is_not_set_off() -> None:
    lost = noticed(date(2027, 6, 20), contest(date(2027, 4, 27)))
    assert left_of_deposit(lost, AFTER) == {1_000}


def test_what_was_set_off_before_the_bank_took_the_payment_stays_set_off() -> None:
    lost = noticed(date(2027, 6, 20), contest(date(2027, 8, 20)))
    assert left_of_deposit(lost, AFTER) == {0}


def test_a_payment_that_is_won_back_is_set_off_at_the_end() -> None:
    won = noticed(date(2027, 6, 20), contest(date(2027, 8, 1), lost=False))
    assert [left_of_deposit(won, day) for day in (LAST, AFTER)] == [{1_000}, {0}]


def test_both_are_right_while_a_bank_is_about_to_decide() -> None:
    won = noticed(date(2027, 6, 20), contest(date(2027, 7, 28), lost=False))
    another = noticed(date(2027, 8, 20), contest(date(2027, 9, 1), of_deposit=False))
    assert left_of_deposit(won, LAST) == left_of_deposit(another, ENDS) == {0, 1_000}
    assert left_of_deposit(another, AFTER) == {0}
