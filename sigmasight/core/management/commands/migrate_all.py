from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

# Who waits for a lock lets everybody who comes later wait behind.
LOCK_WAIT = "5s"
LOCK_NOT_AVAILABLE = "55P03"


class Command(BaseCommand):
    help = (
        "Migrate both databases: the core first, then the AI one. Waits five seconds for a table in use, then gives up."
    )

    def handle(self, *args: object, **options: object) -> None:
        for alias in ("default", "ai"):
            try:
                with patient(alias):
                    call_command(
                        "migrate", database=alias, interactive=False, verbosity=options["verbosity"], stdout=self.stdout
                    )
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                    raise
                raise CommandError(
                    "A table is in use by somebody else. The migrations before stand, this one left nothing: run migrate_all again."
                ) from error


@contextmanager
def patient(alias: str) -> Iterator[None]:
    """The connection has no limit for statements meanwhile, and a short one for waiting for locks."""
    connection = connections[alias]
    usual = connection.settings_dict["OPTIONS"]
    within = connection.in_atomic_block
    if not within:
        connection.close()
        connection.settings_dict["OPTIONS"] = usual | {"connect_timeout": 10, "options": f"-c lock_timeout={LOCK_WAIT}"}
    try:
        yield
    finally:
        if not within:
            connection.close()
            connection.settings_dict["OPTIONS"] = usual
