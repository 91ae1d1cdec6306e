"""Symbols before they are entered: what is known here, what a source says, and a source that does not."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisDown

from marketdata.models import PriceStatus, SecurityType
from marketdata.providers.base import Outcome, ProviderError
from marketdata.services import source, symbol_check
from marketdata.services.symbol_check import check_symbol
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db


class Line:
    """A source that answers as it is told, and counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.wait = threading.Event()
        self.wait.set()

    def prices(self, symbols: list[str], start: object, end: object) -> None:
        self.asked += symbols
        self.wait.wait(10)
        if self.error is not None:
            raise self.error


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Line:
    settings.MARKETDATA_SOURCE = "live"
    one = Line()
    opened = SimpleNamespace(provider=one, last_date=None)
    monkeypatch.setattr(source, "open_source", lambda *_, **__: opened)
    return one


@pytest.mark.parametrize(
    ("text", "valid", "word"),
    [
        ("   ", False, "Type a symbol"),
        ("home_equity", True, "private holding"),
        ("FO_HEDGE_1", True, "private holding"),
        ("SPY271217P00560000", False, "option contract"),
        ("A B", False, "letters, digits"),
        ("X" * 21, False, "letters, digits"),
        ("<script>", False, "letters, digits"),
    ],
)
def test_nobody_is_asked_about_these(line: Line, text: str, valid: bool, word: str) -> None:
    checked = check_symbol(text)
    assert (checked.symbol, checked.valid) == (text.strip().upper(), valid)
    assert word in checked.message
    assert not line.asked


def test_a_priced_security_is_known_without_asking(line: Line) -> None:
    SecurityFactory(symbol="BRK-B", name="Berkshire Hathaway", price_status=PriceStatus.KNOWN)
    checked = check_symbol(" brk.b ")
    assert (checked.symbol, checked.valid, checked.message) == ("BRK-B", True, "BRK-B: Berkshire Hathaway")
    assert not line.asked


def test_an_index_cannot_be_held_and_a_former_name_is_told(line: Line) -> None:
    SecurityFactory(symbol="VIX", security_type=SecurityType.INDEX, price_status=PriceStatus.KNOWN)
    SecurityFactory(symbol="FB", renamed_to=SecurityFactory(symbol="META"), price_status=PriceStatus.KNOWN)
    assert not check_symbol("VIX").valid
    assert "META" in check_symbol("FB").message


def test_the_source_is_asked_once_about_others(line: Line) -> None:
    SecurityFactory(symbol="NEW", price_status=PriceStatus.UNVERIFIED)
    assert [check_symbol("new").valid for _ in range(2)] == [True, True]
    assert line.asked == ["NEW"]


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.EMPTY])
def test_what_the_source_does_not_know_is_invalid(line: Line, outcome: Outcome) -> None:
    line.error = ProviderError("test", outcome, "never heard of it")
    checked = check_symbol("NOPE")
    assert (checked.valid, "spelling" in checked.message) == (False, True)
    check_symbol("NOPE")
    assert line.asked == ["NOPE"]


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("test", Outcome.UNREACHABLE, "down"),
        ProviderError("test", Outcome.RATE_LIMITED, "no"),
        RuntimeError(),
    ],
)
def test_a_source_that_fails_makes_no_symbol_invalid(line: Line, error: Exception) -> None:
    line.error = error
    checked = check_symbol("NEW")
    assert checked.valid
    assert "could not be checked" in checked.message
    assert line.asked == ["NEW"]


def test_a_source_that_hangs_is_not_waited_for(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbol_check, "ANSWER_SECONDS", 0.1)
    line.wait.clear()
    started = time.monotonic()
    checked = check_symbol("SLOW")
    assert time.monotonic() - started < 2
    assert (checked.valid, "could not be checked" in checked.message) == (True, True)
    # Its answer serves the next one who asks.
    line.wait.set()
    deadline = time.monotonic() + 5
    while cache.get("symbol-check:live:SLOW") is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert check_symbol("SLOW").message == "SLOW is listed."
    assert line.asked == ["SLOW"]


def test_no_queue_grows_behind_a_source_that_hangs(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbol_check, "ANSWER_SECONDS", 0.05)
    line.wait.clear()
    assert all(check_symbol(f"S{n}").valid for n in range(6))
    line.wait.set()
    time.sleep(0.1)
    assert line.asked == ["S0", "S1"]


def test_without_a_cache_the_source_is_asked_every_time(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object, **__: object) -> None:
        raise RedisDown

    monkeypatch.setattr(symbol_check, "cache", SimpleNamespace(get=down, set=down))
    assert [check_symbol("NEW").valid for _ in range(2)] == [True, True]
    assert line.asked == ["NEW", "NEW"]


def test_the_simulated_market_knows_its_own_symbols_only(settings: Any) -> None:
    settings.MARKETDATA_SOURCE = "simulated"
    assert check_symbol("GOOG").valid
    assert not check_symbol("ZZTOP").valid
    assert not check_symbol("LONGTICKERS").valid


def test_a_source_that_cannot_be_opened_makes_no_symbol_invalid(settings: Any) -> None:
    settings.MARKETDATA_SOURCE = "files:/nowhere"
    assert check_symbol("AAPL").valid
