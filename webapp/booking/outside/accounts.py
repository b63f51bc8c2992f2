"""Accounts elsewhere, connected and left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import selectinload

from webapp import audit, clock, outbox
from webapp.booking.models import Booking
from webapp.booking.outside.clouds import google, microsoft
from webapp.booking.outside.clouds.api import Api
from webapp.booking.outside.clouds.oauth import ISSUERS, Access, Issuer, registration
from webapp.booking.outside.dav import discovery
from webapp.booking.outside.dav.dav_server import DavServer
from webapp.booking.outside.fetch.fetching import Errand, errand
from webapp.booking.outside.models import OutsideAccount, OutsideCalendar, OutsideCopy
from webapp.booking.outside.provider import FoundCalendar, OutsideRefused, OutsideUnreachable
from webapp.booking.outside.sealing import Unreadable, seal, unseal
from webapp.catalog.models import Consultant
from webapp.db import attempt, session

PATIENCE = timedelta(days=1)

APIS: dict[str, Callable[[Errand, str], Api]] = {"google": google.api, "microsoft": microsoft.api}
ACCOUNTS: dict[str, Callable[[Api], tuple[str, list[FoundCalendar]]]] = {
    "google": google.account,
    "microsoft": microsoft.account,
}


def of(consultant: Consultant) -> Sequence[OutsideAccount]:
    """Those that are connected, in two queries with their calendars."""
    own = select(OutsideAccount).where(
        OutsideAccount.consultant_id == consultant.id, OutsideAccount.leaving_at.is_(None)
    )
    whole = own.options(selectinload(OutsideAccount.calendars))
    return session.scalars(whole.order_by(OutsideAccount.username)).all()


def issuers() -> list[Issuer]:
    """Whose accounts this deployment can connect by consent."""
    return [issuer for issuer in ISSUERS.values() if registration(issuer.kind)]


# -- connecting ------------------------------------------------------------------------------------


def connect_caldav(
    consultant: Consultant, address: str, username: str, password: str
) -> OutsideAccount:
    """The account with its calendars, found as the person knows it, or the known one renewed.

    Raises WrongPassword, OutsideRefused, OutsideUnreachable; nothing is stored then.
    """
    given, consultant_id = discovery.full_address(address), consultant.id

    def look() -> list[FoundCalendar]:
        with errand() as asking:
            server = DavServer(asking, given, username, password)
            return discovery.calendars(server, given)

    return attempt(
        look, lambda found: _kept(consultant_id, "caldav", given, username, password, found)
    )


def connect_with_code(
    consultant: Consultant, kind: str, code: str, verifier: str, back: str
) -> OutsideAccount:
    """Likewise for an account whose person came back from its issuer with a code."""
    consultant_id = consultant.id

    def look() -> tuple[str, str, list[FoundCalendar]]:
        with errand() as asking:
            access = Access(ISSUERS[kind], asking)
            access.take(code, verifier, back)
            asked = APIS[kind](asking, access.secret)
            name, found = ACCOUNTS[kind](asked)
            return name, asked.access.secret, found

    return attempt(look, lambda seen: _kept(consultant_id, kind, "", *seen))


def _kept(
    consultant_id: uuid.UUID,
    kind: str,
    address: str,
    username: str,
    secret: str,
    found: list[FoundCalendar],
) -> OutsideAccount:
    same = {
        "consultant_id": consultant_id, "kind": kind, "address": address, "username": username,
    }  # fmt: skip
    known = session.scalar(select(OutsideAccount).filter_by(**same).with_for_update())
    account = known or OutsideAccount(**same)
    account.secret, account.leaving_at = seal(secret), None
    account.found = [calendar._asdict() for calendar in found]
    session.add(account)
    session.flush()
    _try_again(account)
    audit.record("calendar.account_connected", account, kind=kind)
    return account


def _try_again(account: OutsideAccount) -> None:
    """What was refused until now need not wait: the credentials are new."""
    for calendar in account.calendars:
        calendar.write_problem = calendar.problem = ""
        waiting = update(OutsideCopy).where(OutsideCopy.calendar_id == calendar.id)
        session.execute(waiting.values(wait_until=None))


# -- leaving ---------------------------------------------------------------------------------------


def plan_leaving() -> None:
    """A job for each account that is being left, once our copies are out of it or cannot be."""
    copies = exists().where(
        OutsideCopy.calendar_id == OutsideCalendar.id,
        OutsideCalendar.account_id == OutsideAccount.id,
        OutsideCopy.booking_id == Booking.id,
        Booking.ends_at > clock.now(),
    )
    late = OutsideAccount.leaving_at < clock.now() - PATIENCE
    ready = select(OutsideAccount.id).where(
        OutsideAccount.leaving_at.is_not(None), or_(~copies, late)
    )
    for account_id in session.scalars(ready.order_by(OutsideAccount.id)):
        outbox.enqueue_again("calendars.leave", account_id)


def leave(account_id: uuid.UUID) -> None:
    """Give the access back and forget the account; a server that is away is waited for a day."""
    account = session.get(OutsideAccount, account_id)
    if account is None or account.leaving_at is None:
        return
    try:
        give_back = _giving_back(account)
        attempt(give_back, lambda _: None)
    except OutsideUnreachable:
        if account.leaving_at > clock.now() - PATIENCE:
            return
    except (OutsideRefused, Unreadable):
        pass  # what is refused or cannot be opened any more is as good as given back
    audit.record("calendar.account_left", account, kind=account.kind)
    session.delete(account)


def _giving_back(account: OutsideAccount) -> Callable[[], None]:
    """A password is not ours to end: it is only forgotten."""
    issuer = ISSUERS.get(account.kind)
    if issuer is None:
        return lambda: None
    secret = unseal(account.secret)

    def revoke() -> None:
        with errand() as asking:
            Access(issuer, asking, secret).give_back()

    return revoke


def forget_unused() -> None:
    """Calendars that are neither read nor written any more go, once our copies are out of them."""
    copies = exists().where(
        OutsideCopy.calendar_id == OutsideCalendar.id,
        OutsideCopy.booking_id == Booking.id,
        Booking.ends_at > clock.now(),
    )
    unused = delete(OutsideCalendar).where(
        OutsideCalendar.account_id.is_not(None),
        ~OutsideCalendar.reads,
        ~OutsideCalendar.writes,
        ~copies,
    )
    session.execute(unused, execution_options={"synchronize_session": False})
