"""What a visitor is choosing a kick-off for: an offering with a team they named, or with anyone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from webapp.booking import queries, waitlisting
from webapp.booking.models import Hold, SlotTaken
from webapp.booking.models.hold import ANYONE
from webapp.booking.models.seat import Team, can_fill
from webapp.catalog.models import Consultant, Offering
from webapp.catalog.queries import with_slug
from webapp.web import firm_zone

WHOEVER = "whoever is free first"


class Choice(ABC):
    """own: what this visitor holds that stands in the way of nobody but themselves."""

    slug: str
    with_whom: str

    def __init__(self, offering: Offering, team: Team, own: Hold | None) -> None:
        self.offering, self.team = offering, list(team)
        self.own = own if own and own.live and self._concerns(own) else None

    @property
    def held(self) -> Hold | None:
        """Their hold for the very same booking."""
        return self.own if self.own and self._same(self.own) else None

    def give_way(self, starts: Sequence[datetime]) -> list[datetime]:
        """Without what the waitlist comes first for; who holds something has had their turn."""
        if self.held:
            return list(starts)
        return waitlisting.for_passers_by(self.offering, self.team, starts)

    def take(self, starts_at: datetime, time_zone: str, key: str | None, address: str) -> Hold:
        """Hold that kick-off; raises as Hold.take, and SlotTaken where somebody waits for it."""
        if not self.give_way([starts_at]):
            raise SlotTaken
        return self._take(starts_at, time_zone, key, address)

    @property
    @abstractmethod
    def zones(self) -> list[str]:
        """Where those who may be met are, the likeliest first."""

    @property
    @abstractmethod
    def open_times(self) -> list[datetime]: ...

    @abstractmethod
    def _take(self, starts_at: datetime, time_zone: str, key: str | None, address: str) -> Hold: ...

    @abstractmethod
    def nearest(self, at: datetime) -> Sequence[datetime]:
        """What is open close to a time that was lost."""

    @abstractmethod
    def _concerns(self, own: Hold) -> bool: ...

    @abstractmethod
    def _same(self, own: Hold) -> bool: ...


class Named(Choice):
    """One consultant, or two who are met on one call."""

    def __init__(self, offering: Offering, team: Team, own: Hold | None) -> None:
        super().__init__(offering, team, own)
        self.slug = "+".join(who.slug for who in team)
        self.with_whom = " and ".join(who.name for who in team)

    @property
    def zones(self) -> list[str]:
        return [who.time_zone for who in self.team]

    @property
    def open_times(self) -> list[datetime]:
        return self.give_way(queries.kickoffs(self.offering, self.team, self.own))

    def _take(self, starts_at: datetime, time_zone: str, key: str | None, address: str) -> Hold:
        return Hold.take(self.offering, self.team, starts_at, time_zone, key, address=address)

    def nearest(self, at: datetime) -> Sequence[datetime]:
        """Those that Hold.take names already."""
        return ()

    def _concerns(self, own: Hold) -> bool:
        return not {who.id for who in self.team}.isdisjoint(who.id for who in own.team)

    def _same(self, own: Hold) -> bool:
        same_team = [who.id for who in own.team] == [who.id for who in self.team]
        return same_team and own.offering_id == self.offering.id


class Anyone(Choice):
    """Whoever can and is free; whose turn it is shows when a time is taken."""

    slug, with_whom = ANYONE, WHOEVER

    def __init__(self, offering: Offering, own: Hold | None) -> None:
        super().__init__(offering, (), own)

    @property
    def zones(self) -> list[str]:
        return [firm_zone()]

    @property
    def open_times(self) -> list[datetime]:
        return self.give_way(queries.kickoffs_of_anyone(self.offering, self.own))

    def _take(self, starts_at: datetime, time_zone: str, key: str | None, address: str) -> Hold:
        teams = queries.teams_in_turn(self.offering, starts_at, self.own)
        return Hold.take_any(self.offering, teams, starts_at, time_zone, key, address=address)

    def nearest(self, at: datetime) -> Sequence[datetime]:
        return queries.nearest_of_anyone(self.offering, at)

    def _concerns(self, own: Hold) -> bool:
        return self._same(own)

    def _same(self, own: Hold) -> bool:
        return own.offering_id == self.offering.id


def choice_of(offering_slug: str, slugs: str, own: Hold | None) -> Choice | None:
    """By the parts of an address: 'ada', 'ada+ben' or 'anyone'; None where nobody is meant."""
    offering = with_slug(offering_slug)
    if offering is None:
        return None
    if slugs == ANYONE:
        return Anyone(offering, own)
    team = team_of(slugs)
    return Named(offering, team, own) if team and can_fill(offering, team) else None


def team_of(slugs: str) -> list[Consultant]:
    """The consultants that an address names, in its order; none where one of them is unknown."""
    named = slugs.split("+")[:3]
    found = {who.slug: who for who in queries.with_slugs(named)}
    return [found[slug] for slug in named] if set(named) <= found.keys() else []
