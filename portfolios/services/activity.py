"""What people did, for the operations dashboards. Recording never makes a request fail."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction

from portfolios.models import User, UserActivityEvent
from sigmasight.core import clock

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
