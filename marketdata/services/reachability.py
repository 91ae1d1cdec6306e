"""Whether the live sources of prices can be reached at all, before a collection waits for each of them in turn."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies

from django.conf import settings

from marketdata.providers.registry import live_sources

YAHOO = "https://query2.finance.yahoo.com"
PORTS = {"http": 80, "https": 443}


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)


def unreachable_price_sources(*, seconds: float = 5.0) -> dict[str, str]:
    """The reason for every usable source of live prices that takes no connection; empty if one of them does.

    Behind a proxy nothing is tried: the proxy reaches what this machine does not.

    Parameters
    ----------
    seconds : how long to wait for one connection.
    """
    if {"http", "https", "all"} & set(getproxies()):
        return {}
    urls = {"yfinance": settings.YAHOO_BASE_URL or YAHOO, "fmp": settings.FMP_BASE_URL}
    reasons = {}
    for source in live_sources():
        if not source.ready or source.name not in urls:
            continue
        host, port = _address(urls[source.name])
        try:
            with socket.create_connection((host, port), seconds):
                return {}
        except OSError as error:
            reasons[source.name] = f"{host}:{port} does not answer ({error})"
    return reasons
