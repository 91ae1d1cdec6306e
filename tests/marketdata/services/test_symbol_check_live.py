"""A symbol that is not known here, asked for at a server that stands for Yahoo."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from marketdata.services import symbol_check
from marketdata.services.symbol_check import check_symbol
from tests.marketdata.providers import wire
from tests.marketdata.providers.loopback import Loopback

pytestmark = pytest.mark.django_db


@pytest.fixture
def yahoo(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    cache.clear()
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-14T17:00:00-05:00")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    # Loading the library is not what is measured here.
    monkeypatch.setattr(symbol_check, "ANSWER_SECONDS", 20.0)
    loopback = Loopback()
    settings.MARKETDATA_SOURCE, settings.MARKETDATA_PROVIDERS = "live", ["yfinance"]
    settings.YAHOO_BASE_URL, settings.REDIS_KEY_PREFIX = loopback.base_url, f"test:{uuid.uuid4().hex}"
    settings.PROVIDER_RATES = {"yfinance": (100.0, 100)}
    yield loopback
    loopback.close()


def test_a_listed_symbol_is_valid(yahoo: Loopback) -> None:
    yahoo.serve("/v8/finance/chart/NEW", wire.yahoo_chart("NEW", wire.flat(["2025-11-13"])))
    assert check_symbol("new").message == "NEW is listed."


def test_an_unlisted_one_is_not(yahoo: Loopback) -> None:
    assert not check_symbol("NOPE").valid


@pytest.mark.parametrize("status", [429, 500])
def test_a_server_in_trouble_makes_nothing_invalid(yahoo: Loopback, status: int) -> None:
    yahoo.fault("/v8/finance/chart/NEW", status=status)
    checked = check_symbol("NEW")
    assert (checked.valid, "could not be checked" in checked.message) == (True, True)
