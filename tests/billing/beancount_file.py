"""A reader of the part of beancount's language that the journal is written in.

https://beancount.github.io/docs/beancount_language_syntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

STRING = r'"((?:[^"\\]|\\.)*)"'
HEAD = re.compile(rf"(\d{{4}}-\d\d-\d\d) \* {STRING} {STRING}")
OPEN = re.compile(r"(\d{4}-\d\d-\d\d) open ([A-Z][A-Za-z0-9:]+)")
META = re.compile(rf"  [a-z]+: {STRING}")
NUMBER = r"(-?\d+(?:\.\d+)?) ([A-Z]{3})"
POSTING = re.compile(rf"  ([A-Z][A-Za-z0-9]*(?::[A-Z][A-Za-z0-9]*)+) +{NUMBER}(?: @@ {NUMBER})?")


@dataclass
class Entry:
    on: date
    payee: str
    text: str
    postings: list[tuple[str, Decimal, str]] = field(default_factory=list)
    weights: dict[str, Decimal] = field(default_factory=dict)


def read(text: str) -> list[Entry]:
    """The transactions; ValueError for a line that is none of ours, an account that was not
    opened, or a transaction that does not balance."""
    opened: set[str] = set()
    entries: list[Entry] = []
    for line in text.splitlines():
        if found := OPEN.fullmatch(line):
            opened.add(found[2])
        elif found := HEAD.fullmatch(line):
            entries.append(Entry(date.fromisoformat(found[1]), found[2], found[3]))
        elif found := POSTING.fullmatch(line):
            _post(entries[-1], found, opened)
        elif line and not line.startswith("option ") and not META.fullmatch(line):
            raise ValueError(f"not understood: {line!r}")
    for entry in entries:
        if any(entry.weights.values()):
            raise ValueError(f"does not balance: {entry}")
    return entries


def _post(entry: Entry, found: re.Match[str], opened: set[str]) -> None:
    account, amount, currency = found[1], Decimal(found[2]), found[3]
    if account not in opened:
        raise ValueError(f"not opened: {account}")
    entry.postings.append((account, amount, currency))
    weight, unit = amount, currency
    if found[4]:
        weight, unit = Decimal(found[4]) * (1 if amount > 0 else -1), found[5]
    entry.weights[unit] = entry.weights.get(unit, Decimal(0)) + weight


def totals(entries: list[Entry]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        for account, amount, currency in entry.postings:
            key = account, currency
            found[key] = found.get(key, Decimal(0)) + amount
    return found
