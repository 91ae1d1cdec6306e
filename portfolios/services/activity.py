"""What people did, for the operations dashboards. Recording never makes a request fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction

from portfolios.models import User, UserActivityEvent
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Where a request came from."""

    ip_address: str | None = None
    user_agent: str = ""


def record_activity(
    event_type: str,
    caller: Caller,
    *,
    user: User | None = None,
    error_code: str = "",
    error_message: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Store one event, e.g. `onboarding.login_success`; its category is the first word.

    A failure to store is logged and forgotten: what the person asked for has been done.
    """
    try:
        with transaction.atomic():
            UserActivityEvent.objects.create(
                user=user,
                event_type=event_type,
                event_category=event_type.partition(".")[0],
                event_data=facts or {},
                error_code=error_code,
                error_message=error_message,
                ip_address=caller.ip_address,
                user_agent=caller.user_agent[:500],
                created_at=clock.now(),
            )
    except DatabaseError:
        log.exception("Activity event %s was not stored", event_type)


@contextmanager
def refusal_recorded(event_type: str, caller: Caller, *, user: User | None = None) -> Iterator[None]:
    """Store an event with code and words of the domain error that ends the block, and of the account it is about where it knows one.

    To be entered outside of the transaction that the error ends.
    """
    try:
        yield
    except DomainError as refused:
        about = user or getattr(refused, "user", None)
        record_activity(event_type, caller, user=about, error_code=refused.code, error_message=refused.message)
        raise
