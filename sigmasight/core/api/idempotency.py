"""Creates that may be repeated: an `Idempotency-Key` header gets the first answer again instead of a second thing."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from sigmasight.core.api.errors import Unprocessable, issue
from sigmasight.core.api.renderers import JSONRenderer
from sigmasight.core.models import IdempotencyRecord

HEADER = "Idempotency-Key"
LONGEST = 255
# Whoever registers has no account yet. A key is his who sends the same body with it, his password within.
NOBODY = UUID(int=0)
Handler = TypeVar("Handler", bound=Callable[..., Response])


def idempotent(handler: Handler) -> Handler:
    """Wrap a view method that creates: one transaction with the record of its answer, which a repetition gets again.

    The same key with another body is 422. Errors are not kept, so that a corrected request may use its key.
    """

    @functools.wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key:
            with transaction.atomic():
                return handler(view, request, *args, **kwargs)
        if len(key) > LONGEST:
            text = f"{HEADER} must not be longer than {LONGEST} characters."
            raise Unprocessable([issue(("header", HEADER), text, value=key[:40])])
        caller = request.user.pk if request.user.is_authenticated else NOBODY
        operation = _digest(request.method or "", request.get_full_path())
        wanted = _digest_of_request(request)
        with transaction.atomic():
            _wait_for_twin(caller, key, operation)
            known = IdempotencyRecord.objects.filter(user_id=caller, key=key, operation_hash=operation).first()
            if known is not None:
                if known.request_hash != wanted:
                    text = f"This {HEADER} was used for another request. Send a new key, or the same body."
                    raise Unprocessable([issue(("header", HEADER), text, value=key)])
                return Response(known.response, status=known.status, headers={"Idempotent-Replayed": "true"})
            answer = handler(view, request, *args, **kwargs)
            if answer.status_code < 400:
                IdempotencyRecord.objects.create(
                    user_id=caller,
                    key=key,
                    operation_hash=operation,
                    request_hash=wanted,
                    status=answer.status_code,
                    response=orjson.loads(JSONRenderer().render(answer.data)),
                )
            return answer

    return wrapped  # type: ignore[return-value]


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()


def _digest_of_request(request: Request) -> str:
    files = [hashlib.sha256(uploaded.read()).digest() for _, uploaded in sorted(request.FILES.items())]
    for _, uploaded in request.FILES.items():
        uploaded.seek(0)
    given = (
        {name: value for name, value in request.data.items() if name not in request.FILES}
        if hasattr(request.data, "items")
        else request.data
    )
    return _digest(orjson.dumps(given, option=orjson.OPT_SORT_KEYS, default=str), *files)


def _wait_for_twin(user: object, key: str, operation: str) -> None:
    """Two requests with one key at once: the second waits until the first has ended."""
    number = int.from_bytes(hashlib.sha256(f"{user}:{key}:{operation}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
