"""Running something as another process would see it: own thread, own session, own contexts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.db import session

Result = TypeVar("Result")


def elsewhere(work: Callable[[], Result]) -> Result:
    """Commit what the test has written, do the work in another thread, forget what was read."""
    session.commit()

    def apart() -> Result:
        try:
            return work()
        finally:
            session.remove()

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(apart).result()
    session.expire_all()
    return result


class Browser(FlaskClient):
    """A visitor whose requests share neither session nor login with the test that makes them."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return elsewhere(lambda: super(Browser, self).open(*args, **kwargs))
