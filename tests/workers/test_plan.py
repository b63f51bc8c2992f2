"""Planners: each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from tests.elsewhere import elsewhere
from webapp import outbox
from webapp.db import session
from webapp.outbox import Job
from workers import plan


@pytest.fixture
def planners(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, plan.Planner]]:
    mine: dict[str, plan.Planner] = {}
    monkeypatch.setattr(plan, "PLANNERS", mine)
    yield mine


def test_one_that_fails_leaves_nothing_and_holds_up_no_other(
    app: Flask, planners: dict[str, plan.Planner]
) -> None:
    def broken() -> None:
        outbox.enqueue("tests.work", "half")
        raise RuntimeError("no good")

    planners["a.broken"] = broken
    planners["b.works"] = lambda: outbox.enqueue("tests.work", "whole")

    def run() -> None:
        with app.app_context():
            plan.everything()

    elsewhere(run)
    assert session.scalars(select(Job.dedupe_key)).all() == ["tests.work:whole"]


def test_registering_gives_the_function_back(planners: dict[str, plan.Planner]) -> None:
    @plan.planner("tests.mine")
    def mine() -> None: ...

    assert planners == {"tests.mine": mine}
