"""Links by e-mail that change one meeting once, for one person, without sign-in."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.exceptions import NotFound

from webapp import access, audit, clock
from webapp.accounts.models import Person
from webapp.booking.models.meeting import Booking
from webapp.booking.models.refusals import LinkRefused
from webapp.db import Base, Identified, session
from webapp.web import absolute_url

PURPOSES = ("move", "cancel", "rebook")
REBOOK_WITHIN = timedelta(days=30)
# Longer than any calendar is open ahead: the row says when a link expires, in business time.
SIGNATURE_DAYS = 400
RECEIPT, RECEIPT_DAYS = "meeting.changed", 7


class ChangeLink(Identified, Base):
    """What a link stands for: its token is signed, and good for the purpose alone.

    sequence: of the meeting when the link was sent. Whatever changes the meeting uses up every
    link sent before, and each mail about a time carries the same one, however often it is made.
    """

    __tablename__ = "change_link"

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str]
    sequence: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    booking: Mapped[Booking] = relationship()
    person: Mapped[Person] = relationship()

    __table_args__ = (
        UniqueConstraint("booking_id", "person_id", "purpose", "sequence"),
        CheckConstraint(f"purpose IN {PURPOSES}", name="purpose"),
    )

    @classmethod
    def issue(cls, booking: Booking, person: Person, purpose: str) -> str:
        """The full address with which that person does this once, until the meeting begins.

        purpose: 'move', 'cancel', or 'rebook' (good for 30 days).
        """
        now = clock.now()
        until = now + REBOOK_WITHIN if purpose == "rebook" else booking.starts_at
        same = {"booking_id": booking.id, "person_id": person.id, "purpose": purpose,
                "sequence": booking.sequence}  # fmt: skip
        row = insert(cls).values(created_at=now, expires_at=until, **same)
        session.execute(row.on_conflict_do_nothing())
        link_id = session.scalars(select(cls.id).filter_by(**same)).one()
        token = access.sign(_salt(purpose), str(link_id))
        return absolute_url(f"booking.{purpose}_by_link", token=token)

    @classmethod
    def usable(cls, purpose: str, token: str, to_use: bool = False) -> Self:
        """The link of a token; to_use: lock it until the transaction ends.

        Raises LinkRefused for any other, which is audited.
        """
        link = cls._signed(_salt(purpose), token, SIGNATURE_DAYS, to_use)
        link._refuse_if(link._outrun() or link._not_theirs())
        return link

    @classmethod
    def of_receipt(cls, token: str) -> Self:
        """The link that was used, for its holder to see what came of it. Raises LinkRefused."""
        link = cls._signed(RECEIPT, token, RECEIPT_DAYS)
        link._refuse_if(link._not_theirs())
        return link

    @property
    def receipt(self) -> str:
        """The token of the page that says what came of it."""
        return access.sign(RECEIPT, str(self.id))

    def use(self) -> None:
        """Spend it, with the change it was for."""
        self.used_at = clock.now()
        audit.record("link.used", self, purpose=self.purpose, by=self.person.email)

    @classmethod
    def _signed(cls, salt: str, token: str, days: int, to_use: bool = False) -> Self:
        try:
            link_id = uuid.UUID(access.unsign(salt, token, days))
        except NotFound:
            raise LinkRefused(404) from None
        found = session.get(cls, link_id, with_for_update={"of": cls} if to_use else None)
        if found is None:
            access.note_bad_link(f"change_link:{link_id}", why="unknown")
            raise LinkRefused(410)
        return found

    def _refuse_if(self, why: str) -> None:
        if why:
            access.note_bad_link(f"change_link:{self.id}", purpose=self.purpose, why=why)
            raise LinkRefused(410)

    def _outrun(self) -> str:
        """Why it can no longer be used, whoever holds it; '' when it can."""
        if self.used_at:
            return "used"
        if self.expires_at <= clock.now():
            return "expired"
        if self.sequence != self.booking.sequence or not self._still_asked():
            return "changed meanwhile"
        return ""

    def _not_theirs(self) -> str:
        """Why its holder might not do the same signed in; '' when they might.

        Asked afresh each time: a link is good for no more than whoever holds it.
        """
        if not self.booking.under_way:
            return "engagement over"
        return "" if self.booking.changeable_by(self.person) else "not theirs"

    def _still_asked(self) -> bool:
        return self.booking.rebookable if self.purpose == "rebook" else self.booking.movable


def _salt(purpose: str) -> str:
    return f"meeting.{purpose}"
