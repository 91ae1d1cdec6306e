"""Secrets are taken out of everything that leaves as text: log lines, tracebacks, reports of errors.

Two ways, since each knows what the other does not: the values of this installation's own secrets wherever they stand, and places
where secrets stand, whatever their value (headers, URLs, fields called password).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from django.conf import settings
from django.core.signals import setting_changed

MASK = "***"
SHORTEST = 6
DEEPEST = 12
# Passwords that people give to databases on their own machine and that are words of every other line; in a URL they are masked.
WORDS = {"sigmasight", "password", "postgres", "SIGMASIGHT-DEMO"}

_SETTING = re.compile(r"SECRET|TOKEN|PASSWORD(?!_HASHERS)|PASSWD|API_KEY|DSN|INVITE_CODE|WEBHOOK")
_NAME = (
    r"(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|token|crumb|signature"
    r"|session_?id|invite[_-]?code)"
)
_FIELD = re.compile(rf"(?i){_NAME}(?:[_-]?(?:key|hash))?\d?$|^(?:proxy-)?authorization$|^(?:set-)?cookie$|^sentry_dsn$")
_QUOTED = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
# Bounded where a text could make one place begin again and again without an end.
_PLACES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"), MASK),
    # scheme://user:password@host, also where the password was not escaped; scheme://token@host
    (re.compile(r"""(://[^\s:/@'"]{0,200}):[^\s'"]{1,500}@"""), rf"\1:{MASK}@"),
    (re.compile(r"""://[^\s:/@'"]{16,500}@"""), f"://{MASK}@"),
    (re.compile(r"(hooks\.slack\.com/\w+/|/api/webhooks/)[^\s'\"]+"), rf"\1{MASK}"),
    (re.compile(r"""(?i)\b((?:set-)?cookie\\*['"]?\s*[:=]\s*\\*['"]?)[^'"\r\n]+"""), rf"\1{MASK}"),
    (
        re.compile(
            r"""(?i)\b(authorization\\*['"]?\s*[:=]\s*\\*(?:b?['"])?(?:(?:bearer|basic|token)\s+)?)(?!\*)[^\s'",}\\]+"""
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{5,2000}\.[\w-]+(?:\.[\w-]*)?"), MASK),
    # name=value of queries and connection strings, "name": "value" of JSON and of Python, once more escaped within another text
    (
        re.compile(
            rf"(?i)({_NAME}(?:[_-]?(?:key|hash))?\d?\\*['\"]?\s*(?:=>?|:)\s*)"
            rf"""(?:\\"(?:[^"\\]|\\\\.)*\\"|b?(?:{_QUOTED})|[^\s&,;)}}\]'"\\]+)"""
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(sk|pk|rk|xox[abprs]|ghp|glpat)[-_][\w*.-]{8,}"), rf"\1-{MASK}"),
    # What Celery tells of a task: names of arguments are not known there.
    (re.compile(rf"(?i)(argsrepr['\"]: )(?:{_QUOTED})"), rf"\1{MASK}"),
    (re.compile(r"(full contents of the message body was:\s*).*"), rf"\1{MASK}"),
    (re.compile(r"\b(?:argon2|pbkdf2_sha256|pbkdf2_sha1|scrypt|md5)\$\S+|\$argon2\w*\$\S+"), MASK),
)
# Few lines have any of this, in small letters; the others need not be looked through a dozen times.
_WORTH_A_LOOK = (
    "pass", "secret", "key", "token", "crumb", "signature", "session", "invite", "://", "authorization", "bearer", "basic", "eyj",
    "cookie", "webhook", "slack", "argsrepr", "message body", "$", "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xox", "ghp", "glpat",
)  # fmt: skip


def mask(text: str) -> str:
    """The text without secrets."""
    for secret in _known():
        if secret in text:
            text = text.replace(secret, MASK)
    low = text.lower()
    if any(sign in low for sign in _WORTH_A_LOOK):
        for place, instead in _PLACES:
            text = place.sub(instead, text)
    return text


def masked(value: Any, depth: int = 0) -> Any:
    """The same for what is within mappings and sequences; fields that are called like a secret lose their value whatever it is."""
    if isinstance(value, str):
        return mask(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            name: MASK if isinstance(name, str) and _FIELD.search(name) and inner else masked(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, depth + 1) for inner in value]
    return mask(str(value))


def _known() -> tuple[str, ...]:
    # While the settings are being read there are none to ask.
    return _forms() if settings.configured else ()


@functools.cache
def _forms() -> tuple[str, ...]:
    forms: set[str] = set()
    for secret in _secrets():
        if len(secret) >= SHORTEST and secret not in WORDS:
            forms |= {secret, unquote(secret), quote(secret, safe=""), quote_plus(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _secrets() -> Iterator[str]:
    """What this installation keeps to itself: settings that are called so, and passwords within the URLs of the others."""
    for name in dir(settings):
        if not name.isupper():
            continue
        value = getattr(settings, name)
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        for text in texts:
            if isinstance(text, str) and "://" in text:
                yield from _of_url(text, all_of_it="WEBHOOK" in name or "DSN" in name)
            elif isinstance(text, str) and _SETTING.search(name):
                yield text
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    for variable in ("PGPASSWORD", "POSTGRES_PASSWORD"):
        yield os.environ.get(variable, "")


def _of_url(text: str, *, all_of_it: bool) -> Iterator[str]:
    """The password; of addresses that are secrets themselves also the user and the path."""
    try:
        parts = urlsplit(text)
        yield parts.password or ""
        if all_of_it:
            yield from (parts.username or "", parts.path.strip("/"))
    except ValueError:
        yield text


def _forget(*, setting: str, **_: object) -> None:
    _forms.cache_clear()


setting_changed.connect(_forget, dispatch_uid="observability.masking")
