"""Reading what a request brings: query, JSON body and path, with every fault reported as 422."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from sigmasight.core.api.errors import Unprocessable, issue, issues_of

READS = ("GET", "HEAD", "OPTIONS")


def uuid_of(value: str, name: str, where: str = "path") -> UUID:
    """A UUID from a path segment.

    Raises
    ------
    Unprocessable if it is none.
    """
    try:
        return UUID(value)
    except ValueError as error:
        text = f"{name} must be a UUID, for example 1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe."
        raise Unprocessable([issue((where, name), text, kind="uuid_parsing", value=value)]) from error


def checked(form: type[Serializer[Any]], given: Any, where: str, **kwargs: Any) -> Any:
    """What a serializer makes of its input.

    Raises
    ------
    Unprocessable with the place of every fault, beginning with `where` ("query" or "body").
    """
    serializer = form(data=given, **kwargs)
    if not serializer.is_valid():
        raise Unprocessable(list(issues_of(serializer.errors, (where,), given)))
    return serializer.validated_data


def query(request: Request, form: type[Serializer[Any]]) -> Any:
    """Checked query parameters of a read. Unknown ones are ignored."""
    return checked(form, _flat(request.query_params, form), "query")


def body(request: Request, form: type[Serializer[Any]], **kwargs: Any) -> Any:
    """Checked parameters of a write. A proxy may drop the query of a write, or the body of a DELETE: either place serves, the
    body wins."""
    given = request.data
    if isinstance(given, QueryDict):
        given = _flat(given, form) | {key: request.FILES[key] for key in request.FILES}
    many = kwargs.get("many", False)
    if not many:
        if not isinstance(given, Mapping):
            raise Unprocessable([issue(("body",), "The body must be a JSON object.", kind="dict_type")])
        given = _flat(request.query_params, form) | dict(given)
    return checked(form, given, "body", **kwargs)


def _flat(values: QueryDict, form: type[Serializer[Any]]) -> dict[str, Any]:
    """Repeated keys as lists where the form wants a list, else the last value."""
    fields = form().fields
    flat: dict[str, Any] = {}
    for key in values:
        repeated = hasattr(fields.get(key), "child")
        flat[key] = values.getlist(key) if repeated else values[key]
    return flat


def day(value: dt.date | None) -> str | None:
    """YYYY-MM-DD or null."""
    return None if value is None else value.isoformat()
