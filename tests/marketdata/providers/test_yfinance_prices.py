"""Prices, splits and dividends of Yahoo: through the real library, over HTTP."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from yfinance.cache import get_cookie_cache, get_tz_cache

from marketdata.providers.base import Outcome, PriceAnswer
from marketdata.providers.yfinance import YFinanceProvider
from marketdata.services.validation import check_history
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE, QUICK
from tests.marketdata.providers.loopback import CRUMB, Loopback, fixture

CHART = "/v8/finance/chart/"
DAYS = ["2025-11-13", "2025-11-14", "2025-11-17", "2025-11-18"]
START, END = dt.date(2025, 11, 13), dt.date(2025, 11, 18)


@pytest.fixture
def yahoo(server: Loopback) -> YFinanceProvider:
    return YFinanceProvider(base_url=server.base_url, timeout=0.4, retry=QUICK, workers=1)


def ask(yahoo: YFinanceProvider, *symbols: str, start: dt.date = START, end: dt.date = END) -> PriceAnswer:
    return yahoo.prices(symbols, start, end)


def test_bars_arrive_oldest_first_with_the_window_cut_out(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows: list[wire.Row] = [(day, 10.0, 12.0, 9.0, 11.0 + i, 500.0) for i, day in enumerate(DAYS)]
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", rows))
    history = ask(yahoo, "ABC", start=dt.date(2025, 11, 14), end=dt.date(2025, 11, 17)).histories["ABC"]
    assert [str(day) for day in history.dates] == ["2025-11-14", "2025-11-17"]
    assert history.close.tolist() == [12.0, 13.0]
    assert history.volume.tolist() == [500.0, 500.0]
    assert history.source == "yfinance"


def test_it_asks_up_to_today_whatever_the_window(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    ask(yahoo, "ABC")
    until = int(server.about(CHART + "ABC")[0].query["period2"])
    assert until > dt.datetime.now(dt.UTC).timestamp()


def test_one_request_per_symbol_once_cookie_and_crumb_are_there(yahoo: YFinanceProvider, server: Loopback) -> None:
    for symbol in ("ABC", "DEF", "GHI"):
        server.serve(CHART + symbol, wire.yahoo_chart(symbol, wire.flat(DAYS)))
    ask(yahoo, "ABC", "DEF", "GHI")
    charts = [request for request in server.requests if request.path.startswith(CHART)]
    assert [request.path for request in charts] == [CHART + "ABC", CHART + "DEF", CHART + "GHI"]
    assert {request.query["crumb"] for request in charts} == {CRUMB}


def test_the_library_writes_no_file(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    ask(yahoo, "ABC")
    assert (get_cookie_cache().initialised, get_tz_cache().initialised) == (-1, -1)


def test_a_split_in_the_window_is_undone_for_prices_volumes_and_dividends(
    yahoo: YFinanceProvider, server: Loopback
) -> None:
    rows = wire.flat(DAYS, close=110.0, volume=1000.0)
    body = wire.yahoo_chart("NFLX", rows, splits={"2025-11-17": (10, 1)}, dividends={"2025-11-14": 0.05})
    server.serve(CHART + "NFLX", body)
    history = ask(yahoo, "NFLX").histories["NFLX"]
    assert history.close.tolist() == [1100.0, 1100.0, 110.0, 110.0]
    assert history.volume.tolist() == [100.0, 100.0, 1000.0, 1000.0]
    assert [(event.ex_date, event.ratio) for event in history.splits] == [(dt.date(2025, 11, 17), Decimal(10))]
    assert [(event.ex_date, event.amount) for event in history.dividends] == [(dt.date(2025, 11, 14), Decimal("0.5"))]


def test_a_split_after_the_window_is_undone_too_but_not_reported(yahoo: YFinanceProvider, server: Loopback) -> None:
    body = wire.yahoo_chart("ABC", wire.flat([*DAYS, "2026-03-02"], close=25.0), splits={"2026-03-02": (4, 1)})
    server.serve(CHART + "ABC", body)
    history = ask(yahoo, "ABC").histories["ABC"]
    assert history.close.tolist() == [100.0] * 4
    assert history.splits == ()


def test_a_split_applied_to_new_rows_only_leaves_the_old_rows_alone(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows = wire.flat(DAYS[:2], close=1100.0) + wire.flat(DAYS[2:], close=110.0)
    server.serve(CHART + "NFLX", wire.yahoo_chart("NFLX", rows, splits={"2025-11-17": (10, 1)}))
    history = ask(yahoo, "NFLX").histories["NFLX"]
    assert history.close.tolist() == [1100.0, 1100.0, 110.0, 110.0]
    assert len(history.splits) == 1


def test_a_spin_off_sent_as_a_split_is_marked(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "GE", wire.yahoo_chart("GE", wire.flat(DAYS), splits={"2025-11-17": (1253, 1000)}))
    history = ask(yahoo, "GE").histories["GE"]
    assert history.splits[0].kind == "spin_off_adjustment"
    assert history.close.tolist() == [125.3, 125.3, 100.0, 100.0]


def test_a_split_on_a_day_without_a_bar_adds_no_row(yahoo: YFinanceProvider, server: Loopback) -> None:
    body = wire.yahoo_chart("ABC", wire.flat(DAYS[:2], close=50.0), splits={"2025-11-17": (2, 1)})
    server.serve(CHART + "ABC", body)
    history = ask(yahoo, "ABC").histories["ABC"]
    assert [str(day) for day in history.dates] == DAYS[:2]
    assert history.close.tolist() == [100.0, 100.0]


def test_null_bars_come_as_nan_and_not_as_zero(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows: list[wire.Row] = [*wire.flat(DAYS[:3]), (DAYS[3], None, None, None, None, None)]
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", rows))
    history = ask(yahoo, "ABC").histories["ABC"]
    assert np.isnan(history.close).tolist() == [False, False, False, True]
    assert np.isnan(history.volume[3])


def test_only_null_bars_count_as_empty(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows: list[wire.Row] = [(day, None, None, None, None, None) for day in DAYS]
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", rows))
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.EMPTY


def test_an_empty_frame_is_a_failure(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_empty_chart("ABC"))
    answer = ask(yahoo, "ABC")
    assert answer.histories == {}
    assert answer.failures["ABC"][0] is Outcome.EMPTY


def test_a_window_without_data_is_empty(yahoo: YFinanceProvider, server: Loopback) -> None:
    error = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1, endDate = 2"}
    server.serve(CHART + "ABC", {"chart": {"result": None, "error": error}}, status=400)
    answer = ask(yahoo, "ABC")
    assert answer.failures["ABC"][0] is Outcome.EMPTY
    assert len(server.about(CHART + "ABC")) == 1


def test_an_unknown_symbol_is_one_request_and_does_not_stop_the_others(
    yahoo: YFinanceProvider, server: Loopback
) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    answer = ask(yahoo, "NOSUCH", "ABC")
    assert answer.failures["NOSUCH"][0] is Outcome.NOT_FOUND
    assert answer.errors["NOSUCH"].http_status == 404
    assert list(answer.histories) == ["ABC"]
    assert len(server.about(CHART + "NOSUCH")) == 1


def test_the_answer_of_another_symbol_is_refused(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("XYZ", wire.flat(DAYS)))
    outcome, reason = ask(yahoo, "ABC").failures["ABC"]
    assert outcome is Outcome.MALFORMED
    assert "answered for XYZ" in reason


def test_prices_in_another_currency_are_refused(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC.TO".replace(".", "-"), wire.yahoo_chart("ABC-TO", wire.flat(DAYS), currency="CAD"))
    outcome, reason = ask(yahoo, "ABC.TO").failures["ABC.TO"]
    assert outcome is Outcome.NOT_FOUND
    assert "CAD" in reason


def test_symbols_are_asked_in_yahoos_spelling_and_answered_in_ours(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "BRK-B", wire.yahoo_chart("BRK-B", wire.flat(DAYS)))
    server.serve(CHART + "^VIX", wire.yahoo_chart("^VIX", wire.flat(DAYS, volume=0.0), kind="INDEX"))
    server.serve(CHART + "%5EVIX", wire.yahoo_chart("^VIX", wire.flat(DAYS, volume=0.0), kind="INDEX"))
    answer = ask(yahoo, "BRK.B", "VIX")
    assert set(answer.histories) == {"BRK.B", "VIX"}
    assert np.isnan(answer.histories["VIX"].volume).all()


def test_capital_gains_inside_the_dividend_are_not_paid_twice(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows = wire.flat(DAYS[:2], close=100.0) + wire.flat(DAYS[2:], close=97.0)
    body = wire.yahoo_chart("FUND", rows, dividends={"2025-11-17": 3.0}, gains={"2025-11-17": 2.0}, kind="MUTUALFUND")
    server.serve(CHART + "FUND", body)
    paid = ask(yahoo, "FUND").histories["FUND"].dividends
    assert [(event.kind, event.amount) for event in paid] == [("regular", Decimal("1")), ("special", Decimal("2"))]


def test_capital_gains_beside_the_dividend_are_both_paid(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows = wire.flat(DAYS[:2], close=100.0) + wire.flat(DAYS[2:], close=95.0)
    body = wire.yahoo_chart("FUND", rows, dividends={"2025-11-17": 3.0}, gains={"2025-11-17": 2.0}, kind="ETF")
    server.serve(CHART + "FUND", body)
    paid = ask(yahoo, "FUND").histories["FUND"].dividends
    assert [(event.kind, event.amount) for event in paid] == [("regular", Decimal("3")), ("special", Decimal("2"))]


def test_a_dividend_sent_as_the_last_price_is_refused_later(yahoo: YFinanceProvider, server: Loopback) -> None:
    rows = [*wire.flat(DAYS[:3], close=10.0), *wire.flat(DAYS[3:], close=0.0298)]
    body = wire.yahoo_chart("FXNAX", rows, dividends={"2025-11-17": 0.0298}, kind="MUTUALFUND")
    server.serve(CHART + "FXNAX", body)
    history = ask(yahoo, "FXNAX").histories["FXNAX"]
    assert check_history("FXNAX", history, END).refused == ((3, "dividend_as_price"),)


@pytest.mark.parametrize("missing", ["timestamp", "indicators", "meta"])
def test_missing_fields_are_malformed(yahoo: YFinanceProvider, server: Loopback, missing: str) -> None:
    body = wire.yahoo_chart("ABC", wire.flat(DAYS))
    del body["chart"]["result"][0][missing]
    server.serve(CHART + "ABC", body)
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.MALFORMED


def test_malformed_json_is_malformed(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", '{"chart": {"result": [')
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.MALFORMED


def test_429_stops_the_round_and_says_when_to_come_back(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.fault(CHART, status=429, body="Too Many Requests", headers={"Retry-After": "77"})
    answer = ask(yahoo, "ABC", "DEF")
    assert {outcome for outcome, _ in answer.failures.values()} == {Outcome.RATE_LIMITED}
    assert answer.errors["ABC"].http_status == 429
    assert answer.errors["ABC"].retry_after == 77
    # Coming back after 77 s is beyond the deadline of 2 s, so that nothing is waited for; DEF is not asked at all.
    assert len(server.about(CHART + "ABC")) == 1
    assert server.about(CHART + "DEF") == []


def test_429_is_tried_again_after_the_time_asked_for(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    server.fault(CHART, status=429, headers={"Retry-After": "0"}, times=1)
    assert "ABC" in ask(yahoo, "ABC").histories


def test_500_is_tried_again_within_bounds(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    server.fault(CHART, status=500, times=1)
    assert "ABC" in ask(yahoo, "ABC").histories
    server.fault(CHART, status=502)
    answer = ask(yahoo, "ABC")
    assert answer.failures["ABC"][0] is Outcome.SERVER_ERROR
    assert len(server.about(CHART + "ABC")) == 4


def test_a_hanging_server_is_a_timeout(server: Loopback) -> None:
    yahoo = YFinanceProvider(base_url=server.base_url, timeout=0.15, retry=ONCE, workers=1)
    server.fault(CHART, hang=1.0)
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.TIMEOUT


def test_a_source_that_keeps_failing_is_left_alone(server: Loopback) -> None:
    yahoo = YFinanceProvider(base_url=server.base_url, timeout=0.4, retry=ONCE, workers=1)
    server.fault(CHART, status=503)
    symbols = [f"S{i}" for i in range(20)]
    answer = ask(yahoo, *symbols)
    assert set(answer.failures) == set(symbols)
    assert {outcome for outcome, _ in answer.failures.values()} == {Outcome.SERVER_ERROR}
    assert len([request for request in server.requests if request.path.startswith(CHART)]) == 3


def test_a_cut_connection_is_unreachable_and_not_asked_again(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.fault(CHART, cut=True)
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.UNREACHABLE
    assert len(server.about(CHART + "ABC")) == 1


def test_a_refused_crumb_is_unauthorized_after_one_new_cookie(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.fault(CHART, status=401, body='{"chart": {"result": null, "error": {"description": "Invalid Crumb"}}}')
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.UNAUTHORIZED
    assert len(server.about(CHART + "ABC")) == 2


def test_no_server_at_all_is_unreachable() -> None:
    yahoo = YFinanceProvider(base_url="http://127.0.0.1:9", timeout=0.4, retry=ONCE, workers=1)
    assert ask(yahoo, "ABC").failures["ABC"][0] is Outcome.UNREACHABLE


def test_symbols_asked_together_come_back_in_order(server: Loopback) -> None:
    yahoo = YFinanceProvider(base_url=server.base_url, retry=ONCE, workers=4)
    symbols = [f"S{i}" for i in range(12)]
    for i, symbol in enumerate(symbols):
        server.serve(CHART + symbol, wire.yahoo_chart(symbol, wire.flat(DAYS, close=10.0 + i)))
    answer = ask(yahoo, *symbols)
    assert list(answer.histories) == symbols
    assert [float(history.close[0]) for history in answer.histories.values()] == [10.0 + i for i in range(12)]


def test_recorded_apple_has_its_dividend_and_its_cents(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "AAPL", fixture("yahoo_chart_AAPL_with_dividend_and_split.json"))
    history = ask(yahoo, "AAPL", start=dt.date(2020, 8, 31), end=dt.date(2020, 11, 6)).histories["AAPL"]
    assert history.close[:2].tolist() == [129.04, 134.18]
    assert [(event.ex_date, event.amount) for event in history.dividends] == [(dt.date(2020, 11, 6), Decimal("0.205"))]
    assert history.splits[0].ratio == 4


def test_recorded_nvidia_comes_back_as_it_traded(yahoo: YFinanceProvider, server: Loopback) -> None:
    body = fixture("yahoo_chart_NVDA_split.json")
    # The recorded request ended in 2022; one made today also names the split by which its prices are divided.
    split = {"date": wire.epoch("2024-06-10"), "numerator": 10, "denominator": 1, "splitRatio": "10:1"}
    body["chart"]["result"][0]["events"]["splits"][str(split["date"])] = split
    server.serve(CHART + "NVDA", body)
    history = ask(yahoo, "NVDA", start=dt.date(2021, 2, 1), end=dt.date(2022, 1, 31)).histories["NVDA"]
    close = dict(zip(history.dates.astype(str).tolist(), history.close.tolist(), strict=True))
    assert close["2021-02-01"] == pytest.approx(529.48, abs=0.005)
    assert close["2021-07-19"] == pytest.approx(751.19, abs=0.005)
    assert close["2021-07-20"] == pytest.approx(186.12, abs=0.005)
    assert [event.ex_date for event in history.splits] == [dt.date(2021, 7, 20)]


def test_recorded_fund_has_no_volume(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "0P0000XTS7", fixture("yahoo_chart_fund_nulls.json"))
    answer = ask(yahoo, "0P0000XTS7", start=dt.date(2024, 9, 12), end=dt.date(2024, 9, 16))
    history = answer.histories["0P0000XTS7"]
    assert history.close.tolist() == [11887.1, 11892.19]
    assert np.isnan(history.volume).all()


def test_recorded_fund_in_canadian_dollars_is_refused(yahoo: YFinanceProvider, server: Loopback) -> None:
    body = fixture("yahoo_chart_mutual_fund.json")
    body["chart"]["result"][0]["meta"]["symbol"] = "0P000071W8-TO"
    server.serve(CHART + "0P000071W8-TO", body)
    answer = ask(yahoo, "0P000071W8-TO", start=dt.date(2020, 1, 1), end=dt.date(2020, 1, 3))
    assert answer.failures["0P000071W8-TO"][0] is Outcome.NOT_FOUND


def test_recorded_fund_of_a_single_bar(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "QQQ", fixture("yahoo_chart_QQQ_short.json"))
    history = ask(yahoo, "QQQ", start=dt.date(2020, 1, 1), end=dt.date(2020, 1, 3)).histories["QQQ"]
    assert (history.dates.astype(str).tolist(), history.close.tolist()) == (["2020-01-02"], [216.16])
    assert history.volume.tolist() == [30969400.0]


def test_recorded_microsoft_has_a_year_of_bars(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHART + "MSFT", fixture("yahoo_chart_MSFT_dividends.json"))
    history = ask(yahoo, "MSFT", start=dt.date(2021, 2, 1), end=dt.date(2022, 1, 31)).histories["MSFT"]
    assert len(history.dates) > 245
    assert np.isfinite(history.close).all()
    assert len(history.dividends) == 4
