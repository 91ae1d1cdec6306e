"""Where a database is, in the words of PostgreSQL's client library, for connections and programs beside Django's own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from django.db import connections
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sigmasight.core.errors import DomainError

# What people call the databases, with Django's name for each.
ALIASES = {"core": "default", "ai": "ai"}
# Limits and names that Django's connections have and a copy of everything must not.
OURS = {"options", "application_name", "connect_timeout"}
APPLICATION = "sigmasight-backup"
CONNECT_SECONDS = "10"


@dataclass(frozen=True)
class Place:
    """A database. `label` is "core" or "ai"; `parameters` are the client library's, the password never among them."""

    label: str
    parameters: dict[str, str]
    password: str = field(default="", repr=False)

    @property
    def database(self) -> str:
        return self.parameters["dbname"]

    def __str__(self) -> str:
        host, port = self.parameters.get("host", ""), self.parameters.get("port", "")
        return f"{self.database} at {host or 'the local socket'}{f':{port}' if port else ''}"

    def named(self, database: str) -> Place:
        """Another database of the same server."""
        return replace(self, parameters=self.parameters | {"dbname": database})

    def connect(self, *, autocommit: bool = False, options: str = "") -> psycopg.Connection[tuple[Any, ...]]:
        """`options` are settings of the session as the server's command line has them."""
        given = {"password": self.password, "options": options}
        return psycopg.connect(
            make_conninfo(self.address, **{k: v for k, v in given.items() if v}), autocommit=autocommit
        )

    @property
    def address(self) -> str:
        """For the command line of a program: everything but the password."""
        return make_conninfo(**self.parameters)

    @property
    def environment(self) -> dict[str, str]:
        """For a program: the password stands here, where other accounts of the machine cannot read it."""
        secret = {"PGPASSWORD": self.password} if self.password else {}
        return os.environ | secret | {"LC_ALL": "C"}


def configured() -> dict[str, Place]:
    """The databases that the settings name, by label."""
    return {label: _of_django(label, alias) for label, alias in ALIASES.items()}


def _of_django(label: str, alias: str) -> Place:
    given = connections[alias].settings_dict
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - OURS
    parameters = {key: str(value) for key, value in given["OPTIONS"].items() if key in known}
    named = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"], "dbname": given["NAME"]}
    parameters |= {key: str(value) for key, value in named.items() if value}
    return Place(label, _bounded(parameters), str(given["PASSWORD"] or ""))


def elsewhere(words: list[str]) -> dict[str, Place]:
    """The databases named by words such as ``core=postgresql://user@host:5432/core``.

    Raises
    ------
    DomainError for another label, no address, or a password in one: command lines are seen by everybody on the machine.
    """
    places = {}
    for word in words:
        label, _, url = word.partition("=")
        if label not in ALIASES or not url:
            raise DomainError("unknown_database", f"Write core=URL and ai=URL; {label!r} is neither.")
        try:
            parameters = {key: str(value) for key, value in conninfo_to_dict(url).items()}
        except psycopg.ProgrammingError as error:
            raise DomainError(
                "wrong_address", f"The address for {label} cannot be read: write postgresql://user@host:5432/database."
            ) from error
        if "password" in parameters:
            raise DomainError(
                "password_shown",
                f"Leave the password out of the address for {label}, where others can read it: put it into PGPASSWORD, or into "
                "a password file (~/.pgpass).",
            )
        if not parameters.get("dbname"):
            raise DomainError("wrong_address", f"The address for {label} names no database.")
        places[label] = Place(label, _bounded(parameters))
    if missing := [label for label in ALIASES if label not in places]:
        raise DomainError(
            "database_missing", f"Say where {' and '.join(missing)} shall go to as well: both or neither."
        )
    return places


def _bounded(parameters: dict[str, str]) -> dict[str, str]:
    return parameters | {"connect_timeout": CONNECT_SECONDS, "application_name": APPLICATION}
