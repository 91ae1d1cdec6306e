"""The assistant's part of the demo: the knowledge base, and nothing remembered of the demo's people."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from uuid import UUID

from django import db

from analytics.services.demo import ADDITIONS, Addition

# The services bring the vendor's library along, which no other command needs to wait for.


def _seed() -> str:
    from assistant.services.seeding import seed_knowledge

    try:
        return str(seed_knowledge())
    except db.Error:
        return "not stored, the AI database does not answer. Later: python manage.py seed_knowledge"


def _forget(user_ids: Collection[UUID]) -> None:
    from assistant.services.departures import forget_people

    with contextlib.suppress(db.Error):
        forget_people(user_ids)


ADDITIONS["Knowledge base"] = Addition(seed=_seed, forget=_forget)
