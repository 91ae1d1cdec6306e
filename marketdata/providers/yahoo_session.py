"""The HTTP session under the yfinance library: paced, retried, and able to reach another server than Yahoo's."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.transport import Limiter, RetryPolicy, excerpt, status_error

PROVIDER = "yfinance"
# Everything else (cookie, crumb, consent) is the library's own business: it knows ways around a failure there.
_SECONDS_FOR_THE_REST = 5.0
_ANSWERS = ("/v7/finance/", "/v8/finance/", "/v10/finance/", "/ws/")


class YahooSession(Session):
    """What yfinance asks through.

    The library hides what went wrong behind empty frames; so requests for market data end here with a `ProviderError`
    on 429, 5xx, timeouts and cut connections, and on 404 before the library starts to change its cookies over it.

    Parameters
    ----------
    base_url : scheme, host and port that replace those of every URL; empty leaves Yahoo's own.
    """

    def __init__(
        self,
        *,
        base_url: str = "",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        retry: RetryPolicy | None = None,
        **options: Any,
    ) -> None:
        if base_url and urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"YAHOO_BASE_URL must begin with http:// or https://, not {base_url!r}")
        super().__init__(impersonate="chrome", **options)
        self._base_url = base_url.rstrip("/")
        self._seconds = timeout
        self._limiter = limiter
        self._retry = retry or RetryPolicy()
        self._local = threading.local()

    @property
    def last_status(self) -> int | None:
        """HTTP status of this thread's last answer about market data."""
        return getattr(self._local, "status", None)

    def forget_status(self) -> None:
        self._local.status = None

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        """One request as the library asks it, or the `ProviderError` that ended it."""
        path = urlsplit(url).path
        if self._base_url:
            parts = urlsplit(url)
            url = f"{self._base_url}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
        if path.startswith(_ANSWERS):
            return self._retry.run(lambda left: self._answer(method, url, left, options))
        if self._limiter is not None:
            self._limiter.acquire(self._retry.deadline)
        # Several of these precede one answer; a source that hangs must not cost their sum.
        options["timeout"] = min(self._seconds, _SECONDS_FOR_THE_REST)
        return super().request(method, url, **options)

    def _answer(self, method: Any, url: str, left: float, options: dict[str, Any]) -> Response:
        if self._limiter is not None:
            self._limiter.acquire(left)
        options["timeout"] = max(0.05, min(self._seconds, left))
        try:
            response = super().request(method, url, **options)
        except Timeout:
            raise ProviderError(PROVIDER, Outcome.TIMEOUT, f"no answer within {self._seconds:g} s") from None
        except RequestException as error:
            reason = f"{type(error).__name__}: {excerpt(str(error))}"
            raise ProviderError(PROVIDER, Outcome.UNREACHABLE, reason) from None
        self._local.status = response.status_code
        # 401 and 403 go back to the library, which then asks for a new cookie and crumb once.
        if response.status_code in (401, 403):
            return response
        failed = status_error(PROVIDER, response.status_code, response.text, response.headers)
        if failed is None:
            return response
        if response.status_code in (400, 422) and "data doesn't exist" in response.text.lower():
            raise ProviderError(
                PROVIDER, Outcome.EMPTY, "no rows in the window asked for", http_status=response.status_code
            )
        raise failed
