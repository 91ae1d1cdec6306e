"""The database backend named in the settings."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql import base, creation

from sigmasight.core.observability.slow_queries import measured


class DatabaseCreation(creation.DatabaseCreation):
    """Drops a test database also while threads that a test has left keep their connections to it."""

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        with self._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at the socket of a kept connection before a request uses it, instead of asking the server a question each time.

    An idle server sends nothing: what can be read is its farewell, or a notice. Then, and after errors, it is asked.
    """

    creation_class = DatabaseCreation

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute_wrappers.append(measured)

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        if not self.errors_occurred:
            socket = select.poll()
            socket.register(self.connection.fileno(), select.POLLIN)
            if not socket.poll(0):
                return True
        return bool(super().is_usable())

    @contextmanager
    def _nodb_cursor(self) -> Iterator[Any]:
        """For creating and dropping whole databases: the limits of a database's statements do not hold for that."""
        usual = self.settings_dict["OPTIONS"]
        self.settings_dict["OPTIONS"] = {name: value for name, value in usual.items() if name != "options"}
        try:
            with super()._nodb_cursor() as cursor:
                yield cursor
        finally:
            self.settings_dict["OPTIONS"] = usual
