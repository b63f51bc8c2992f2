"""Which of the links the page's own room is."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_login import login_user

from tests import make
from webapp.access import Role
from webapp.app import navigation


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/practice", ["Practice"]),
        ("/practice/jobs", ["Jobs"]),
        ("/practice/offerings/new", ["Offerings"]),
        ("/practice/payouts", ["Money"]),
        ("/practice/disputes", ["Money"]),
        ("/practices", []),
    ],
)
def test_one_room_at_most_is_current(app: Flask, path: str, expected: list[str]) -> None:
    coordinator = make.person(Role.COORDINATOR)
    with app.test_request_context(path):
        login_user(coordinator)
        assert [link.label for link in navigation() if link.current] == expected
