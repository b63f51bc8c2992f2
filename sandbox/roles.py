"""The two database roles: one owns the schema, the other is the app's and owns nothing."""

from dataclasses import dataclass
from typing import ClassVar

from psycopg import Connection, sql

Superuser = Connection[tuple[object, ...]]
EXTENSIONS = ("btree_gist", "citext", "pg_trgm")


@dataclass(frozen=True)
class Roles:
    """Their passwords. Both can be ensured any number of times."""

    owner_password: str
    app_password: str
    owner: ClassVar[str] = "righthand_owner"
    app: ClassVar[str] = "righthand_app"
    database: ClassVar[str] = "righthand"

    def ensure(self, connection: Superuser, may_create_databases: bool) -> None:
        """``may_create_databases`` lets a test run make a database per worker process."""
        extra = "CREATEDB" if may_create_databases else "NOCREATEDB"
        self.ensure_role(connection, self.owner, self.owner_password, extra)
        self.ensure_role(connection, self.app, self.app_password, "NOCREATEDB")
        if not exists(connection, "pg_database WHERE datname", self.database):
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(create.format(*map(sql.Identifier, (self.database, self.owner))))

    def ensure_role(self, connection: Superuser, name: str, password: str, extra: str) -> None:
        verb = "ALTER" if exists(connection, "pg_roles WHERE rolname", name) else "CREATE"
        statement = sql.SQL(
            "{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}"
        ).format(sql.SQL(verb), sql.Identifier(name), sql.SQL(extra), sql.Literal(password))
        connection.execute(statement)

    def furnish(self, connection: Superuser) -> None:
        """Extensions, and what the app's role may do with tables the owner makes later on."""
        for name in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
            )
        owner, app = sql.Identifier(self.owner), sql.Identifier(self.app)
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app))
        for rights in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
            connection.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} TO {}").format(
                    owner, sql.SQL(rights), app
                )
            )


def exists(connection: Superuser, where: str, name: str) -> bool:
    """``where`` is ours ("table WHERE column"), never input."""
    query = sql.SQL("SELECT 1 FROM {} = %s").format(sql.SQL(where))
    return connection.execute(query, [name]).fetchone() is not None
