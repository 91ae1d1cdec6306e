"""Limits on how often a caller may try; a broker that is down never locks anybody out."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle, SimpleRateThrottle
from rest_framework.views import APIView

log = logging.getLogger(__name__)


class ScopeThrottle(ScopedRateThrottle):
    """Per account, or per address for callers without one; the view names its `throttle_scope`."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            log.warning("Throttle %s is off: the cache does not answer", getattr(view, "throttle_scope", ""))
            return True


class _Login(SimpleRateThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            log.warning("Throttle %s is off: the cache does not answer", self.scope)
            return True


class LoginAddressThrottle(_Login):
    """Attempts to log in from one network address."""

    scope = "login_address"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginAccountThrottle(_Login):
    """Attempts to log in to one account, whoever makes them."""

    scope = "login_account"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        given: Any = request.data
        email = given.get("email") if isinstance(given, dict) else None
        if not isinstance(email, str):
            return None
        ident = hashlib.sha256(email.strip().lower().encode()).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}
