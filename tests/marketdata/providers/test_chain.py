"""The chain: order, fallback per symbol, and a true record of everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest

from marketdata.providers.base import Capability, Outcome, PriceAnswer, ProviderError, SymbolHistory
from marketdata.providers.chain import ProviderChain
from marketdata.providers.sources import NothingGatheredError, Source
from tests.marketdata.providers.shelf import DAYS, END, START, Log, Shelf, ask, chained, contract


@pytest.fixture
def log() -> Log:
    return Log()


def test_what_the_first_did_not_bring_is_asked_from_the_next(log: Log) -> None:
    first, second = Shelf("yfinance", ["A", "C"]), Shelf("fmp", ["A", "B", "C"])
    answer = ask(chained(first, second, log=log), "A", "B", "C", "D")
    assert {symbol: found.source for symbol, found in answer.histories.items()} == {
        "A": "yfinance",
        "B": "fmp",
        "C": "yfinance",
    }
    assert second.asked == [["B", "D"]]
    outcome, reason = answer.failures["D"]
    assert outcome is Outcome.NOT_FOUND
    assert "yfinance: not on the shelf; fmp: not on the shelf" in reason


def test_a_second_source_is_not_asked_when_the_first_has_all() -> None:
    second = Shelf("fmp", ["A"])
    ask(chained(Shelf("yfinance", ["A"]), second), "A")
    assert second.asked == []


def test_histories_come_in_the_order_asked() -> None:
    answer = ask(chained(Shelf("yfinance", ["B"]), Shelf("fmp", ["A", "C"])), "C", "B", "A", "B")
    assert list(answer.histories) == ["C", "B", "A"]


def test_sources_without_the_capability_are_passed_over() -> None:
    options_only = Shelf("polygon", ["A"], capabilities=frozenset({Capability.OPTION_QUOTES}))
    answer = ask(chained(options_only, Shelf("fmp", ["A"])), "A")
    assert answer.histories["A"].source == "fmp"
    assert options_only.asked == []


def test_a_preferred_source_comes_first_for_its_capability() -> None:
    stock = ["A", contract("A").symbol]
    chain = chained(
        Shelf("yfinance", stock), Shelf("polygon", stock), preferred={Capability.OPTION_QUOTES: ("polygon",)}
    )
    assert chain.option_quotes([contract("A")], START, START)[0].source == "polygon"
    assert ask(chain, "A").histories["A"].source == "yfinance"


def test_nothing_gathered_never_reads_as_success(log: Log) -> None:
    chain = chained(Shelf("yfinance"), Shelf("fmp", lacking=Outcome.TIMEOUT), log=log)
    with pytest.raises(NothingGatheredError) as raised:
        ask(chain, "A", "B")
    assert set(raised.value.failures) == {"A", "B"}
    assert raised.value.outcome is Outcome.TIMEOUT, "the outcome with which a later run may succeed"
    for call in (
        lambda: chain.profiles(["A"], END),
        lambda: chain.fundamentals("A", END),
        lambda: chain.option_chain("A", END),
        lambda: chain.option_quotes([contract("A")], START, END),
        lambda: chain.treasury_yields(["DGS10"], START, END),
    ):
        with pytest.raises(NothingGatheredError):
            call()


def test_no_source_at_all_says_what_to_do() -> None:
    chain = chained(
        Shelf("yfinance", capabilities=frozenset()), advice={Capability.TREASURY_YIELDS: "set FRED_API_KEY"}
    )
    with pytest.raises(NothingGatheredError, match="set FRED_API_KEY"):
        chain.treasury_yields(["DGS10"], START, END)


def test_asking_for_nothing_is_no_failure() -> None:
    assert chained(Shelf("yfinance")).prices([], START, END) == PriceAnswer()


def test_an_empty_history_counts_as_none(log: Log) -> None:
    class Hollow(Shelf):
        def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
            nothing = np.full(2, np.nan)
            days = np.array(DAYS, dtype="datetime64[D]")
            unpriced = SymbolHistory("A", self.name, days, nothing, nothing, nothing, nothing, nothing)
            none = nothing[:0]
            no_rows = SymbolHistory("B", self.name, days[:0], none, none, none, none, none)
            return PriceAnswer({"A": unpriced, "B": no_rows})

    answer = ask(chained(Hollow("yfinance"), Shelf("fmp", ["A"]), log=log), "A", "B", "C")
    assert answer.histories["A"].source == "fmp"
    assert (log[0].provider, log[0].outcome, log[0].symbols) == ("yfinance", Outcome.EMPTY, ("A", "B", "C"))
    assert set(answer.failures) == {"B", "C"}


def test_what_was_not_asked_for_is_not_answered() -> None:
    class Generous(Shelf):
        def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
            return super().prices([*symbols, "EXTRA"], start, end)

    answer = ask(chained(Generous("yfinance", ["A", "EXTRA"])), "A")
    assert list(answer.histories) == ["A"]


def test_a_defect_in_a_source_is_recorded_and_the_next_one_asked(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Shelf):
        def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
            raise ZeroDivisionError("apikey=topsecret")

    answer = ask(chained(Broken("yfinance"), Shelf("fmp", ["A"]), log=log), "A")
    assert answer.histories["A"].source == "fmp"
    assert (log[0].outcome, log[0].error) == (Outcome.MALFORMED, "yfinance: ZeroDivisionError: apikey=***")
    assert "yfinance failed at prices" in caplog.text
    assert "topsecret" not in caplog.text


def test_every_symbol_of_a_request_is_in_its_records_once(log: Log) -> None:
    ask(chained(Shelf("yfinance", ["A", "C"]), log=log), "A", "B", "C")
    assert [(r.provider, r.operation, r.symbols, r.rows, r.outcome) for r in log] == [
        ("yfinance", "prices", ("A", "C"), 4, Outcome.OK),
        ("yfinance", "prices", ("B",), 0, Outcome.NOT_FOUND),
    ]
    assert log[0].symbols_asked == 2
    assert log[0].started_at.tzinfo is not None
    assert log[0].latency_ms >= 0


def test_a_failed_request_is_recorded_with_its_status(log: Log) -> None:
    error = ProviderError("yfinance", Outcome.SERVER_ERROR, "HTTP 502", http_status=502)
    with pytest.raises(NothingGatheredError):
        ask(chained(Shelf("yfinance", lacking=error), log=log), "A")
    assert [(r.http_status, r.outcome, r.error) for r in log] == [(502, Outcome.SERVER_ERROR, "yfinance: HTTP 502")]


def test_profiles_yields_and_statements_fall_back_too() -> None:
    chain = chained(Shelf("yfinance", ["A", "DGS2"]), Shelf("fmp", ["B", "DGS10", "A"]))
    profiles = chain.profiles(["A", "B", "C"], END)
    assert {symbol: profile.source for symbol, profile in profiles.items()} == {"A": "yfinance", "B": "fmp"}
    assert profiles.errors["C"].outcome is Outcome.NOT_FOUND
    points = chain.treasury_yields(["DGS10", "DGS2"], START, END)
    assert [(point.series_id, point.source) for point in points] == [("DGS10", "fmp"), ("DGS2", "yfinance")]
    assert chain.fundamentals("B", END).source == "fmp"
    assert chain.option_chain("B", END)[0].underlying == "B"


def test_contracts_are_asked_underlying_by_underlying_and_fall_back_one_by_one() -> None:
    wanted = [contract("A", 100), contract("B", 100), contract("A", 110)]
    first = Shelf("polygon", [wanted[0].symbol])
    second = Shelf("yfinance", [terms.symbol for terms in wanted])
    chain = ProviderChain([Source(first, chunk=20), Source(second, chunk=20)])
    rows = chain.option_quotes(wanted, START, START)
    assert [(row.symbol, row.source) for row in rows] == [
        (wanted[0].symbol, "polygon"),
        (wanted[1].symbol, "yfinance"),
        (wanted[2].symbol, "yfinance"),
    ]
    assert first.asked == [[wanted[0].symbol, wanted[2].symbol], [wanted[1].symbol]]
