"""JSON over HTTP from one source: paced, retried within bounds, errors told apart, keys kept out of sight."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import requests
import tenacity
import urllib3

from marketdata.providers.base import Outcome, ProviderError

T = TypeVar("T")

_KEY_IN_QUERY = re.compile(r"(?i)\b(api_?key|access_?token|token|crumb)=[^&\s'\"]+")


def redact(text: str, *secrets: str) -> str:
    """`text` without the secrets, plain or URL-encoded, and without the value of any key in a query string."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return _KEY_IN_QUERY.sub(r"\1=***", text)


class _KeysOutOfLogs(logging.Filter):
    """urllib3 logs whole request lines at DEBUG, the key of a query string included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_KeysOutOfLogs())


class Limiter(Protocol):
    """What paces requests; `TokenBucket` is one."""

    def acquire(self, longest: float) -> None: ...


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a request is tried: on 429, 5xx and timeouts only.

    Waits grow exponentially from `first_wait` with full jitter up to `longest_wait` seconds; a `Retry-After` of the
    source is obeyed instead. Nothing is waited for beyond `deadline` seconds after the first attempt.
    """

    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 20.0
    deadline: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[float], T]) -> T:
        """Call `attempt` with the seconds left until it succeeds; raises the last `ProviderError`."""
        started = time.monotonic()
        backoff = tenacity.wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, ProviderError) else None
            return backoff(state) if asked is None else asked

        retrying = tenacity.Retrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(self.attempts), tenacity.stop_before_delay(self.deadline)
            ),
            wait=wait,
            retry=tenacity.retry_if_exception(is_transient),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(lambda: attempt(max(0.0, self.deadline - (time.monotonic() - started))))


def is_transient(error: BaseException) -> bool:
    """Whether asking again soon can help. Our own limit (no HTTP status) and a cut connection are not asked again."""
    if not isinstance(error, ProviderError):
        return False
    if error.outcome is Outcome.RATE_LIMITED:
        return error.http_status is not None
    return error.outcome in (Outcome.TIMEOUT, Outcome.SERVER_ERROR)


def retry_after_seconds(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, which is a number or an HTTP date; None if absent or unreadable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        instant = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=dt.UTC)
    return max(0.0, (instant - dt.datetime.now(dt.UTC)).total_seconds())


def status_error(
    provider: str, status: int, text: str, headers: Mapping[str, str | None], *secrets: str
) -> ProviderError | None:
    """The error behind an HTTP status, or None below 400."""
    if status < 400:
        return None
    if status in (401, 402, 403):
        outcome = Outcome.UNAUTHORIZED
    elif status == 404:
        outcome = Outcome.NOT_FOUND
    elif status == 408:
        outcome = Outcome.TIMEOUT
    elif status in (429, 999):  # Yahoo blocks with 999
        outcome = Outcome.RATE_LIMITED
    elif status >= 500:
        outcome = Outcome.SERVER_ERROR
    else:
        outcome = Outcome.MALFORMED
    message = f"HTTP {status}: {excerpt(text, *secrets)}" if text.strip() else f"HTTP {status}"
    after = retry_after_seconds(headers.get("Retry-After"))
    return ProviderError(provider, outcome, message, http_status=status, retry_after=after)


def excerpt(text: str, *secrets: str, length: int = 200) -> str:
    """The beginning of an answer on one line, safe to store."""
    line = " ".join(redact(text, *secrets).split())
    return line if len(line) <= length else line[: length - 3] + "..."


class JsonClient:
    """GET requests to one source.

    Parameters
    ----------
    provider : name used in errors.
    base_url : scheme, host and an optional path before every path asked for.
    api_key : sent as the query parameter `key_parameter` or, without one, as a bearer token.
    timeout : seconds for connecting and for every read.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        api_key: str = "",
        key_parameter: str = "",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        session: requests.Session | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"The base URL of {provider} must begin with http:// or https://, not {base_url!r}")
        self.provider = provider
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self._api_key = api_key
        self._key_parameter = key_parameter
        self._limiter = limiter
        self._session = session or requests.Session()
        self._retry = retry or RetryPolicy()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The decoded JSON at `path`.

        Raises
        ------
        ProviderError for everything that is not a JSON answer with a status below 400.
        """
        return self._retry.run(lambda left: self._attempt(path, dict(params or {}), left))

    def _attempt(self, path: str, params: dict[str, str | int], left: float) -> Any:
        if self._limiter is not None:
            self._limiter.acquire(left)
        headers = {"Accept": "application/json"}
        if self._api_key and self._key_parameter:
            params[self._key_parameter] = self._api_key
        elif self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        timeout = max(0.05, min(self.timeout, left))
        try:
            response = self._session.get(f"{self.base_url}{path}", params=params, headers=headers, timeout=timeout)
        except requests.RequestException as error:
            # The original names the whole URL, and with it the key: it must not travel along as the cause.
            raise self._failure(error) from None
        failed = status_error(self.provider, response.status_code, response.text, response.headers, self._api_key)
        if failed is not None:
            raise failed
        try:
            return json.loads(response.content)
        except ValueError:
            shown = excerpt(response.text, self._api_key) or "an empty body"
            raise ProviderError(
                self.provider, Outcome.MALFORMED, f"not JSON: {shown}", http_status=response.status_code
            ) from None

    def _failure(self, error: requests.RequestException) -> ProviderError:
        # A read that times out inside the body comes as a ConnectionError around urllib3's own error.
        inner = error.args[0] if error.args else None
        if isinstance(error, requests.Timeout) or isinstance(inner, urllib3.exceptions.ReadTimeoutError):
            return ProviderError(self.provider, Outcome.TIMEOUT, f"no answer within {self.timeout:g} s")
        reason = excerpt(str(error), self._api_key)
        return ProviderError(self.provider, Outcome.UNREACHABLE, f"{type(error).__name__}: {reason}")
