"""Live sources that cannot be reached are known before anybody waits for them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketdata.services.reachability import unreachable_price_sources


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_a_source_nobody_listens_for_is_named_with_its_address(settings: Any, closed: str) -> None:
    settings.YAHOO_BASE_URL, settings.FMP_API_KEY = closed, ""
    reasons = unreachable_price_sources()
    assert list(reasons) == ["yfinance"]
    assert closed.removeprefix("http://") in reasons["yfinance"]


def test_one_that_answers_is_enough(settings: Any, closed: str, taken: str) -> None:
    settings.YAHOO_BASE_URL, settings.FMP_API_KEY, settings.FMP_BASE_URL = closed, "key", taken
    assert unreachable_price_sources() == {}


def test_a_source_without_its_key_does_not_count(settings: Any, closed: str, taken: str) -> None:
    settings.YAHOO_BASE_URL, settings.FMP_API_KEY, settings.FMP_BASE_URL = closed, "", taken
    assert set(unreachable_price_sources()) == {"yfinance"}


def test_behind_a_proxy_nothing_is_tried(settings: Any, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.YAHOO_BASE_URL, settings.FMP_API_KEY = closed, ""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert unreachable_price_sources() == {}


def test_the_demo_says_what_to_do_before_it_touches_a_database(settings: Any, closed: str) -> None:
    settings.MARKETDATA_SOURCE, settings.YAHOO_BASE_URL, settings.FMP_API_KEY = "live", closed, ""
    with pytest.raises(CommandError, match=r"yfinance.*does not answer.*`make demo` takes the simulated market"):
        call_command("demo")
