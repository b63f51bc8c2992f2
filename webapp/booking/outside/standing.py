"""Where a copy of ours stands at its provider, and in which state we left it."""

from __future__ import annotations

from typing import NamedTuple


class Standing(NamedTuple):
    """place: its address or id, without spaces. etag: its state there, '' where none are kept.

    Kept between writings as text: 'place etag'.
    """

    place: str
    etag: str

    @classmethod
    def known(cls, written: str) -> Standing:
        place, _, etag = written.partition(" ")
        return cls(place, etag)

    @property
    def condition(self) -> dict[str, str]:
        """The header under which alone it is changed (RFC 9110)."""
        return {"If-Match": self.etag} if self.etag else {}

    def __str__(self) -> str:
        return f"{self.place} {self.etag}"
