"""Amounts of money are counted in 64 bits, in every table."""

from __future__ import annotations

import psycopg

from tests import databases
from webapp.db import Base


def amounts() -> set[tuple[str, str]]:
    """Each column of money, by the models."""
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name == "minor" or column.name.endswith("_minor")
    }


def test_every_amount_has_64_bits_in_the_database(database_url: str) -> None:
    with psycopg.connect(databases._plain(database_url)) as connection:
        wide = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'bigint'"
        )
        assert amounts() - set(wide) == set()


def test_the_models_say_so_too() -> None:
    tables = Base.metadata.tables
    narrow = [name for name in amounts() if str(tables[name[0]].c[name[1]].type) != "BIGINT"]
    assert narrow == [] and len(amounts()) > 30
