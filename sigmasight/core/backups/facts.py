"""What a database says of itself: versions, extensions, migrations, rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]
# What belongs to an extension comes with the extension.
ANYTHING = """
    SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
TABLES = f"{ANYTHING} AND c.relkind = 'r' ORDER BY 1, 2"


def server_version(connection: Connection) -> str:
    """For instance "18.6"."""
    return str(_one(connection, "SHOW server_version")).split()[0]


def major(version: str) -> int:
    """18 of "18.6", and of "18beta1"."""
    return int((re.match(r"\d+", version) or ["0"])[0])


def size(connection: Connection) -> tuple[int, int]:
    """Bytes of the whole database, and of its rows without indexes."""
    rows = connection.execute(
        f"SELECT coalesce(sum(pg_table_size(format('%I.%I', t.nspname, t.relname)::regclass)), 0) FROM ({TABLES}) AS t"
    )
    whole = _one(connection, "SELECT pg_database_size(current_database())")
    return int(whole), int((rows.fetchone() or (0,))[0])


def extensions(connection: Connection) -> dict[str, str]:
    return dict(
        connection.execute("SELECT extname, extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1")
    )  # type: ignore[arg-type]


def tables(connection: Connection) -> list[tuple[str, str]]:
    """Schema and name of every table that holds rows; a table cut by month is there as its months."""
    return [(str(schema), str(name)) for schema, name in connection.execute(TABLES)]


def is_empty(connection: Connection) -> bool:
    """Whether nobody has made anything in a database: tables, views, sequences; what an extension brought does not count."""
    return not _one(connection, f"SELECT EXISTS ({ANYTHING})")


def migrations(connection: Connection) -> dict[str, list[str]]:
    """Names applied, by app."""
    found: dict[str, list[str]] = {}
    if _one(connection, "SELECT to_regclass('django_migrations')") is not None:
        for app, name in connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name"):
            found.setdefault(app, []).append(name)
    return found


def row_counts(connection: Connection, counted: Callable[[int], object] = lambda count: None) -> dict[str, int]:
    """Rows of every table, by "schema.table"; `counted` is told of each."""
    rows = {}
    for schema, name in tables(connection):
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
        rows[f"{schema}.{name}"] = int((connection.execute(statement).fetchone() or (0,))[0])
        counted(1)
    return rows


def _one(connection: Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
