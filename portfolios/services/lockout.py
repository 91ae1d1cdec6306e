"""After too many wrong passwords an account is locked for a while: where they came from, and after many more everywhere.

One mechanism for the console and both logins of the API. The counters live in the cache; a cache that is down locks nobody out.
"""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from sigmasight.core.errors import DomainError

log = logging.getLogger(__name__)
ANYWHERE = ""
# Somebody else's guesses lock a person out only after this many times as many.
ANYWHERE_FACTOR = 10


class LoginLocked(DomainError):
    """The account is locked for this address, whether the password is right or not."""

    status = 429
    # Whether there is such an account is not told.
    user = None


def require_unlocked(email: str, address: str | None) -> None:
    """Let a login be tried.

    Raises
    ------
    LoginLocked.
    """
    try:
        found = cache.get_many([_key(email, address), _key(email, ANYWHERE)])
    except RedisError:
        log.warning("The lockout is off: the cache does not answer")
        return
    limits = {_key(email, address): settings.LOGIN_FAILURES, _key(email, ANYWHERE): _anywhere()}
    if any(count >= limits[key] for key, count in found.items()):
        minutes = max(1, settings.LOGIN_LOCK_SECONDS // 60)
        raise LoginLocked("LOGIN_LOCKED", f"Too many failed logins. Try again in {minutes} minutes.")


def note_failure(email: str, address: str | None) -> None:
    """Count a wrong password. The lock lasts from the first failure counted on."""
    try:
        for key in {_key(email, address), _key(email, ANYWHERE)}:
            cache.add(key, 0, settings.LOGIN_LOCK_SECONDS)
            cache.incr(key)
    except ValueError:
        # It expired between the two calls.
        log.info("A counter of failed logins expired while it was counted up")
    except RedisError:
        log.warning("A failed login was not counted: the cache does not answer")


def forget_failures(email: str, address: str | None) -> None:
    """A right password clears what was counted from this address."""
    try:
        cache.delete(_key(email, address))
    except RedisError:
        log.warning("Failed logins were not forgotten: the cache does not answer")


def _anywhere() -> int:
    return ANYWHERE_FACTOR * settings.LOGIN_FAILURES


def _key(email: str, address: str | None) -> str:
    # Hashed: addresses are as people typed them, and names of keys show up in logs of the cache.
    ident = hashlib.sha256(f"{email.strip().lower()}\0{address or ANYWHERE}".encode()).hexdigest()
    return f"login_failures:{ident}"
