"""Collecting into the tables: from the simulated market, and from a source that sends what it likes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from marketdata import calendar
from marketdata.models import (
    DailyPrice,
    Dividend,
    PriceCorrection,
    PriceHistory,
    PriceRejection,
    PriceStatus,
    Security,
    Split,
    SymbolCollection,
)
from marketdata.providers.base import (
    Capability,
    DividendEvent,
    Outcome,
    PriceAnswer,
    ProviderError,
    SplitEvent,
    SymbolHistory,
)
from marketdata.providers.simulated import Simulated
from marketdata.services.collection import CollectionReport, Wanted, collect_prices
from marketdata.services.history import arrays_differ_from_rows
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2025, 6, 30), dt.date(2025, 7, 31)
SESSIONS = calendar.sessions(FIRST, LAST)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Desk:
    """A source that answers with the histories laid on it, cut to what is asked for."""

    name = "desk"
    capabilities = frozenset({Capability.PRICES})

    def __init__(self, *histories: SymbolHistory) -> None:
        self.histories = {history.symbol: history for history in histories}
        self.asked: list[tuple[tuple[str, ...], dt.date, dt.date]] = []

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        self.asked.append((tuple(symbols), start, end))
        answer = PriceAnswer()
        for symbol in symbols:
            if symbol in self.histories:
                answer.histories[symbol] = cut(self.histories[symbol], start, end)
            else:
                answer.failures[symbol] = (Outcome.NOT_FOUND, f"{symbol} is not on the desk")
        return answer


class Silent(Desk):
    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        raise ProviderError(self.name, Outcome.TIMEOUT, "no answer within 20 s")


def cut(history: SymbolHistory, start: dt.date, end: dt.date) -> SymbolHistory:
    inside = (history.dates >= np.datetime64(start)) & (history.dates <= np.datetime64(end))
    bars = {name: getattr(history, name)[inside] for name in ("dates", "open", "high", "low", "close", "volume")}
    return replace(history, **bars)


def bars(symbol: str, closes: Sequence[float], **changes: Any) -> SymbolHistory:
    close = np.array(closes, dtype=np.float64)
    values: dict[str, Any] = {
        "dates": np.array(SESSIONS[: len(close)], dtype="datetime64[D]"), "open": close.copy(), "high": close + 1,
        "low": close - 1, "close": close, "volume": np.full(len(close), 1e6),
    }  # fmt: skip
    return SymbolHistory(symbol, "desk", **values | changes)


def wanted(*symbols: str) -> list[Wanted]:
    return [Wanted(s.id, s.symbol, s.security_type) for s in (SecurityFactory(symbol=symbol) for symbol in symbols)]


def collect(source: Any, wants: Sequence[Wanted], target: dt.date = LAST) -> CollectionReport:
    return collect_prices(source, wants, FIRST, target, last_complete=LAST)


def closes_of(symbol: str) -> list[float]:
    return [
        float(c)
        for c in DailyPrice.objects.filter(security__symbol=symbol).order_by("date").values_list("close", flat=True)
    ]


def array_of(symbol: str) -> list[float]:
    return list(PriceHistory.objects.get(security__symbol=symbol).close)


def ids(wants: Sequence[Wanted]) -> list[int]:
    return [want.security_id for want in wants]


# -- the simulated market

MODELS = (DailyPrice, Split, Dividend, PriceHistory)


def test_collecting_twice_changes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    wants = wanted("AAPL", "SPY", "NFLX", "FXNAX")
    first, last = dt.date(2025, 10, 1), dt.date(2025, 12, 31)
    source = Simulated(20250630)
    report = collect_prices(source, wants, first, last, last_complete=last)
    assert (report.answered, report.rejected, report.suspect) == (4, {}, 0)
    assert Split.objects.get().ratio == 10
    for model in MODELS:
        assert model._default_manager.exists()
        model._default_manager.update(updated_at=LONG_AGO)
    # As if it had never been collected, so that everything is asked for and offered again.
    SymbolCollection.objects.all().delete()
    again = collect_prices(source, wants, first, last, last_complete=last)
    assert again.rows.offered == report.rows.offered > 0
    assert (again.rows.written, again.corrections) == (0, 0)
    for model in MODELS:
        assert set(model._default_manager.values_list("updated_at", flat=True)) == {LONG_AGO}
    assert arrays_differ_from_rows(ids(wants)) == []


def test_in_two_steps_gives_the_same_as_at_once() -> None:
    source, symbols = Simulated(20250630), ("AAPL", "NFLX")
    wants = wanted(*symbols)
    last = dt.date(2025, 12, 5)
    for target in (dt.date(2025, 11, 14), last):
        collect_prices(source, wants, dt.date(2025, 10, 1), target, last_complete=last)
    stepwise = {symbol: (closes_of(symbol), array_of(symbol)) for symbol in symbols}
    checksums = dict(PriceHistory.objects.values_list("security_id", "checksum"))
    Security.objects.all().delete()
    wants = wanted(*symbols)
    collect_prices(source, wants, dt.date(2025, 10, 1), last, last_complete=last)
    assert {symbol: (closes_of(symbol), array_of(symbol)) for symbol in symbols} == stepwise
    assert sorted(PriceHistory.objects.values_list("checksum", flat=True)) == sorted(checksums.values())


def test_what_is_collected_is_not_asked_for_again() -> None:
    wants, desk = wanted("ABC"), Desk(bars("ABC", np.linspace(100, 110, len(SESSIONS))))
    assert collect(desk, wants).asked == 1
    report = collect(desk, wants)
    assert (report.asked, report.up_to_date) == (0, 1)
    assert len(desk.asked) == 1
    assert not report.gathered_nothing


def test_an_increment_asks_from_shortly_before_the_newest_session() -> None:
    wants, desk = wanted("ABC"), Desk(bars("ABC", np.linspace(100, 110, len(SESSIONS))))
    collect(desk, wants, SESSIONS[10])
    collect(desk, wants, SESSIONS[12])
    assert desk.asked == [(("ABC",), FIRST, SESSIONS[10]), (("ABC",), SESSIONS[5], SESSIONS[12])]
    assert len(closes_of("ABC")) == 13


def test_what_is_collected_is_asked_for_again_on_demand_and_an_old_correction_is_noted() -> None:
    wants = wanted("ABC")
    closes = np.linspace(100, 110, len(SESSIONS))
    collect(Desk(bars("ABC", closes)), wants)
    closes[2] += 1
    desk = Desk(bars("ABC", closes))
    collect_prices(desk, wants, FIRST, LAST, last_complete=LAST, again_from=SESSIONS[1])
    assert desk.asked == [(("ABC",), SESSIONS[1], LAST)]
    assert PriceCorrection.objects.get().from_date == SESSIONS[2]
    assert closes_of("ABC") == [round(c, 6) for c in closes.tolist()]


# -- bad rows


def test_bad_rows_are_refused_and_recorded_and_the_good_ones_stored() -> None:
    bad = bars("ABC", [100, 101, -5, 103, 104])
    bad.high[3] = 90.0
    bad.close[4] = np.nan
    wants = wanted("ABC")
    report = collect(Desk(bad), wants)
    assert closes_of("ABC") == [100, 101]
    assert report.rejected == {"close_not_positive": 1, "high_below_low": 1, "close_missing": 1}
    kept = {row.reason: row for row in PriceRejection.objects.all()}
    assert set(kept) == set(report.rejected)
    refused = kept["close_not_positive"]
    assert (refused.symbol, refused.date, refused.provider, refused.payload["close"]) == (
        "ABC",
        SESSIONS[2],
        "desk",
        -5,
    )
    assert kept["close_missing"].payload["close"] is None
    assert arrays_differ_from_rows(ids(wants)) == []


def test_the_same_bad_row_of_the_next_night_is_one_rejection() -> None:
    wants, desk = wanted("ABC"), Desk(bars("ABC", [100, -1, 102, 103]))
    collect(desk, wants, SESSIONS[2])
    assert collect(desk, wants, SESSIONS[3]).rejected == {"close_not_positive": 1}
    assert PriceRejection.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("close", np.inf), ("high", np.inf), ("open", np.inf), ("open", -np.inf), ("low", -np.inf), ("close", 1e14),
        ("close", 1e-9), ("volume", -5.0), ("volume", np.inf), ("volume", 1e30),
    ],
)  # fmt: skip
def test_no_value_of_one_symbol_stops_the_others(field: str, value: float) -> None:
    odd = bars("ODD", [100, 101, 102])
    getattr(odd, field)[1] = value
    wants = wanted("ODD", "SANE")
    report = collect(Desk(odd, bars("SANE", [50, 51, 52])), wants)
    assert closes_of("SANE") == [50, 51, 52]
    assert closes_of("ODD")[0] == 100
    assert closes_of("ODD")[-1] == 102
    assert report.answered == 2
    if field != "volume":
        assert PriceRejection.objects.get().symbol == "ODD"
    assert arrays_differ_from_rows(ids(wants)) == []


def test_a_price_too_small_for_its_column_is_refused() -> None:
    none = np.full(2, np.nan)
    report = collect(Desk(bars("ABC", [100, 1e-9], open=none, high=none, low=none)), wanted("ABC"))
    assert report.rejected == {"close_not_positive": 1}
    assert closes_of("ABC") == [100]


def test_a_volume_that_cannot_be_is_unknown() -> None:
    collect(Desk(bars("ABC", [100, 101, 102], volume=np.array([-5.0, np.nan, 7.0]))), wanted("ABC"))
    assert list(DailyPrice.objects.order_by("date").values_list("volume", flat=True)) == [None, None, 7]


@pytest.mark.parametrize(("field", "away"), [("high", 1 - 5e-7), ("low", 1 + 5e-7)])
def test_a_range_that_misses_its_close_by_rounding_is_stored(field: str, away: float) -> None:
    rounded = bars("ABC", [100, 101, 102])
    getattr(rounded, field)[1] = 101 * away
    assert collect(Desk(rounded), wanted("ABC")).rejected == {}
    assert closes_of("ABC") == [100, 101, 102]


def test_a_history_refused_whole_is_a_failure_and_nothing_is_stored() -> None:
    wants = wanted("ABC", "DEF")
    report = collect(Desk(bars("ABC", [-1, -2]), bars("DEF", [10, 11])), wants)
    assert report.failures == {"ABC": (Outcome.EMPTY, "every row was refused")}
    assert closes_of("ABC") == []
    assert SymbolCollection.objects.get(security__symbol="ABC").consecutive_failures == 1


# -- sources that know less, or do not answer


def test_an_unknown_symbol_is_reported_and_rests() -> None:
    wants, desk = wanted("ABC", "NIL"), Desk(bars("ABC", [100, 101]))
    report = collect(desk, wants, SESSIONS[1])
    assert report.failures == {"NIL": (Outcome.NOT_FOUND, "NIL is not on the desk")}
    assert Security.objects.get(symbol="NIL").price_status == PriceStatus.NO_SOURCE
    assert Security.objects.get(symbol="ABC").price_status == PriceStatus.KNOWN
    assert collect(desk, wants, SESSIONS[1]).asked == 0


def test_a_source_that_does_not_answer_changes_no_price_and_is_asked_again() -> None:
    wants, desk = wanted("ABC"), Desk(bars("ABC", [100, 101, 102]))
    collect(desk, wants, SESSIONS[1])
    report = collect(Silent(), wants, SESSIONS[2])
    assert report.gathered_nothing
    assert report.failures["ABC"][0] is Outcome.TIMEOUT
    assert closes_of("ABC") == [100, 101]
    assert collect(desk, wants, SESSIONS[2]).answered == 1
    assert closes_of("ABC") == [100, 101, 102]


# -- corrections


def test_a_corrected_close_is_stored_and_noted_from_its_day_on() -> None:
    wants = wanted("ABC", "DEF")
    other = bars("DEF", [50, 51, 52, 53])
    collect(Desk(bars("ABC", [100, 101, 102]), other), wants, SESSIONS[2])
    assert not PriceCorrection.objects.exists()
    report = collect(Desk(bars("ABC", [100, 101.5, 102, 103]), other), wants, SESSIONS[3])
    correction = PriceCorrection.objects.get()
    assert report.corrections == 1
    assert (correction.security.symbol, correction.from_date, correction.kind) == ("ABC", SESSIONS[1], "price")
    assert (correction.old, correction.new) == ({"close": 101.0}, {"close": 101.5})
    assert correction.processed_at is None
    assert closes_of("ABC") == array_of("ABC") == [100, 101.5, 102, 103]


def test_a_session_that_arrives_late_is_noted() -> None:
    wants, whole = wanted("ABC"), bars("ABC", [100, 101, 102, 103])
    hole = replace(
        whole, **{n: np.delete(getattr(whole, n), 1) for n in ("dates", "open", "high", "low", "close", "volume")}
    )
    collect(Desk(hole), wants, SESSIONS[2])
    np.testing.assert_array_equal(array_of("ABC"), [100, np.nan, 102])
    collect(Desk(whole), wants, SESSIONS[3])
    correction = PriceCorrection.objects.get()
    assert (correction.from_date, correction.old, correction.new) == (SESSIONS[1], None, {"close": 101.0})
    assert array_of("ABC") == [100, 101, 102, 103]


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("dividend", {"dividends": (DividendEvent(SESSIONS[1], Decimal("0.5")),)}),
        ("split", {"splits": (SplitEvent(SESSIONS[1], Decimal("1.01")),)}),
    ],
)
def test_an_action_that_becomes_known_late_is_noted(kind: str, actions: dict[str, Any]) -> None:
    wants, closes = wanted("ABC"), [100, 101, 102, 103]
    collect(Desk(bars("ABC", closes)), wants, SESSIONS[2])
    collect(Desk(bars("ABC", closes, **actions)), wants, SESSIONS[3])
    correction = PriceCorrection.objects.get()
    assert (correction.kind, correction.from_date, correction.old) == (kind, SESSIONS[1], None)
    assert arrays_differ_from_rows(ids(wants)) == []


def test_an_action_of_a_new_session_is_no_correction() -> None:
    wants, closes = wanted("ABC"), [100, 101, 102, 103]
    collect(Desk(bars("ABC", closes)), wants, SESSIONS[2])
    collect(Desk(bars("ABC", closes, dividends=(DividendEvent(SESSIONS[3], Decimal("0.5")),))), wants, SESSIONS[3])
    assert Dividend.objects.get().amount == Decimal("0.5")
    assert not PriceCorrection.objects.exists()


# -- jumps that nothing explains


def test_a_suspect_jump_is_used_by_nothing_until_the_next_session_confirms_it() -> None:
    wants = wanted("ABC")
    report = collect(Desk(bars("ABC", [100, 101, 160])), wants, SESSIONS[2])
    assert report.suspect == 1
    assert closes_of("ABC") == [100, 101, 160]
    np.testing.assert_array_equal(array_of("ABC"), [100, 101, np.nan])
    report = collect(Desk(bars("ABC", [100, 101, 160, 158])), wants, SESSIONS[3])
    assert (report.suspect, report.corrections) == (0, 1)
    assert PriceCorrection.objects.get().from_date == SESSIONS[2]
    assert array_of("ABC") == [100, 101, 160, 158]
    assert set(DailyPrice.objects.values_list("quality", flat=True)) == {"ok"}


def test_a_spike_stays_excluded() -> None:
    wants = wanted("ABC")
    collect(Desk(bars("ABC", [100, 101, 160])), wants, SESSIONS[2])
    collect(Desk(bars("ABC", [100, 101, 160, 102])), wants, SESSIONS[3])
    np.testing.assert_array_equal(array_of("ABC"), [100, 101, np.nan, 102])
    assert not PriceCorrection.objects.exists()


# -- arrays


def test_arrays_run_forward_through_splits_and_dividends() -> None:
    actions = {
        "splits": (SplitEvent(SESSIONS[2], Decimal(10)),),
        "dividends": (DividendEvent(SESSIONS[1], Decimal("1.01")),),
    }
    wants = wanted("ABC")
    collect(Desk(bars("ABC", [1000, 1010, 102, 103], **actions)), wants)
    row = PriceHistory.objects.get()
    assert calendar.session_at(row.first_session) == FIRST
    assert row.split_factor == [1, 1, 10, 10]
    np.testing.assert_allclose(row.return_factor, [1, 1.001, 10.01, 10.01], rtol=1e-15)
    assert arrays_differ_from_rows(ids(wants)) == []


def test_arrays_that_differ_from_their_rows_are_found() -> None:
    wants = wanted("ABC", "DEF")
    collect(Desk(bars("ABC", [100, 101]), bars("DEF", [50, 51])), wants)
    DailyPrice.objects.filter(security__symbol="DEF", date=SESSIONS[1]).update(close=Decimal("51.01"))
    assert arrays_differ_from_rows(ids(wants)) == [wants[1].security_id]
