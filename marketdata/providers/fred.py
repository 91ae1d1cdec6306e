"""Treasury constant-maturity yields from FRED, the database of the Federal Reserve Bank of St. Louis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import requests

from marketdata.providers.base import (
    Capability,
    Outcome,
    Provider,
    ProviderError,
    YieldPoint,
)
from marketdata.providers.per_symbol import ask_each
from marketdata.providers.transport import JsonClient, Limiter, RetryPolicy
from marketdata.providers.values import iso_date, number

PROVIDER = "fred"
_PAGE = 100_000


class FredProvider(Provider):
    """`series/observations` of FRED. A day without a value (a holiday, written as a dot) has no point."""

    name = PROVIDER
    over_http = True
    capabilities = frozenset({Capability.TREASURY_YIELDS})

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "https://api.stlouisfed.org",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        session: requests.Session | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._client = JsonClient(
            PROVIDER,
            base_url,
            api_key=api_key,
            key_parameter="api_key",
            timeout=timeout,
            limiter=limiter,
            session=session,
            retry=retry,
        )

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        answers, errors = ask_each(series_ids, lambda series_id: self._series(series_id, start, end))
        if not answers and errors:
            raise next(iter(errors.values()))
        return tuple(point for points in answers.values() for point in points)

    def _series(self, series_id: str, start: dt.date, end: dt.date) -> list[YieldPoint]:
        points: list[YieldPoint] = []
        offset, count = 0, 1
        while offset < count:
            answer = self._page(series_id, start, end, offset)
            observations = answer.get("observations")
            if not isinstance(observations, list):
                raise ProviderError(self.name, Outcome.MALFORMED, f"{series_id}: no observations in the answer")
            points += [point for item in observations if (point := _point(series_id, item)) is not None]
            count = int(number(answer.get("count")) or 0)
            offset += len(observations) or count
        inside = [point for point in points if start <= point.date <= end]
        if not inside:
            raise ProviderError(self.name, Outcome.EMPTY, f"{series_id}: no value in the window", http_status=200)
        return inside

    def _page(self, series_id: str, start: dt.date, end: dt.date, offset: int) -> dict[str, Any]:
        params: dict[str, str | int] = {
            "series_id": series_id,
            "observation_start": start.isoformat(),
            "observation_end": end.isoformat(),
            "file_type": "json",
            "sort_order": "asc",
            "limit": _PAGE,
            "offset": offset,
        }
        try:
            answer = self._client.get("/fred/series/observations", params)
        except ProviderError as error:
            raise _told_apart(error) from None
        if not isinstance(answer, dict):
            raise ProviderError(self.name, Outcome.MALFORMED, f"{series_id}: not an object", http_status=200)
        return answer


def _point(series_id: str, item: Any) -> YieldPoint | None:
    """One observation; None where the value is a dot or the row is not readable."""
    if not isinstance(item, dict):
        return None
    day, percent = iso_date(item.get("date")), number(item.get("value"))
    return None if day is None or percent is None else YieldPoint(series_id, day, percent, PROVIDER)


def _told_apart(error: ProviderError) -> ProviderError:
    """FRED answers 400 both to an unknown series and to a bad key."""
    message = str(error).lower()
    if error.http_status != 400:
        return error
    if "series does not exist" in message:
        return ProviderError(PROVIDER, Outcome.NOT_FOUND, "the series does not exist", http_status=400)
    if "api_key" in message or "api key" in message:
        return ProviderError(PROVIDER, Outcome.UNAUTHORIZED, "the API key is not accepted", http_status=400)
    return error
