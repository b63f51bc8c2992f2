"""What signing in leaves behind, removed when it is of no more use. Machine time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, delete, or_

from webapp import clock
from webapp.accounts.models import SignInAttempt, SignInLink, WebSession
from webapp.accounts.sessions import IDLE
from webapp.db import session

ATTEMPTS_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=30)


def sweep() -> None:
    """Remove what has lapsed; any number of runs, at any time, come to the same."""
    _sweep_sessions()
    _sweep_attempts()
    _sweep_links()


def _sweep_sessions() -> None:
    now = clock.machine_now()
    over = or_(WebSession.expires_at <= now, WebSession.seen_at <= now - IDLE)
    session.execute(delete(WebSession).where(over))


def _sweep_attempts() -> None:
    """Throttling looks back a quarter of an hour; the rest of the day is for whoever looks into
    an attack."""
    old = SignInAttempt.at < clock.machine_now() - ATTEMPTS_KEPT
    session.execute(delete(SignInAttempt).where(old))


def _sweep_links() -> None:
    """Links never used; a used one stays as the trace of a sign-in."""
    lapsed = SignInLink.expires_at < clock.machine_now() - LINKS_KEPT
    session.execute(delete(SignInLink).where(and_(SignInLink.used_at.is_(None), lapsed)))
