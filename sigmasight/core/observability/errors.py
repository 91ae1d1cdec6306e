"""Errors to a server that speaks Sentry's protocol, where SENTRY_DSN names one; without it the library is not even loaded."""

from __future__ import annotations

from typing import Any

from sigmasight.core.observability.context import ids
from sigmasight.core.observability.masking import masked

# What people ask for, and with which credentials, is nobody's business there.
PRIVATE = ("query_string", "cookies", "data", "env")


def report_to(dsn: str, *, environment: str, release: str) -> None:
    """Report exceptions of requests and tasks, and log lines of level ERROR, from now on."""
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn,
        environment=environment,
        release=release,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False),
            CeleryIntegration(propagate_traces=False),
        ],
        # Others would listen to Redis and to the model's vendor.
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_ready_to_go,
        before_breadcrumb=lambda crumb, hint: masked(crumb),
    )


def _ready_to_go(event: Any, hint: dict[str, Any]) -> Any:
    """The event with the ids of the work at hand as tags, without secrets."""
    request = event.get("request")
    if isinstance(request, dict):
        for name in PRIVATE:
            request.pop(name, None)
        if "url" in request:
            request["url"] = str(request["url"]).partition("?")[0]
    told = ids()
    event = masked(event)
    event["tags"] = {**(event.get("tags") or {}), **told}
    if "user_id" in told:
        event["user"] = {"id": told["user_id"]}
    return event
