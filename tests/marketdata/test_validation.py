"""Which rows of a source are refused, with which reason, and which are not believed yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata import calendar
from marketdata.providers.base import DividendEvent, SplitEvent, SymbolHistory
from marketdata.services.validation import REASONS, CheckedHistory, check_history

FIRST, LAST = dt.date(2025, 6, 30), dt.date(2025, 7, 31)
SESSIONS = calendar.sessions(FIRST, LAST)


def history(closes: Sequence[float], **changes: Any) -> SymbolHistory:
    """Bars of the first sessions: high and low a dollar around the close, open at the close."""
    close = np.array(closes, dtype=np.float64)
    bars: dict[str, Any] = {
        "symbol": "ABC", "source": "test", "dates": np.array(SESSIONS[: len(close)], dtype="datetime64[D]"),
        "open": close.copy(), "high": close + 1, "low": np.maximum(close - 1, 0.01), "close": close,
        "volume": np.full(len(close), 1e6),
    }  # fmt: skip
    return SymbolHistory(**bars | changes)


def check(given: SymbolHistory, **options: Any) -> CheckedHistory:
    return check_history("ABC", given, LAST, **options)


def changed(closes: Sequence[float], row: int, **values: float) -> SymbolHistory:
    """Good bars with one field of one row replaced."""
    bars = history(closes)
    for name, value in values.items():
        getattr(bars, name)[row] = value
    return bars


def test_good_rows_pass_untouched() -> None:
    checked = check(history([100, 101, 99]))
    assert checked.rows.tolist() == [0, 1, 2]
    assert checked.refused == ()
    assert not checked.suspect.any()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"close": np.nan}, "close_missing"),
        ({"close": 0.0}, "close_not_positive"),
        ({"close": -5.0}, "close_not_positive"),
        ({"open": 0.0}, "close_not_positive"),
        ({"high": 99.0, "low": 100.5}, "high_below_low"),
        ({"high": 100.5}, "close_outside_range"),
        ({"low": 101.5}, "close_outside_range"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_others_stay(values: dict[str, float], reason: str) -> None:
    checked = check(changed([100, 101, 99], 1, **values))
    assert checked.refused == ((1, reason),)
    assert reason in REASONS
    assert checked.rows.tolist() == [0, 2]


def test_rounding_of_published_prices_is_no_error() -> None:
    assert check(changed([100, 101, 99], 1, low=101 * (1 + 5e-7))).refused == ()


def test_missing_open_high_and_low_are_allowed() -> None:
    holes = np.full(3, np.nan)
    assert check(history([100, 101, 99], open=holes, high=holes, low=holes, volume=holes)).rows.tolist() == [0, 1, 2]


def test_days_without_a_session_are_refused() -> None:
    days = np.array(["2025-07-03", "2025-07-04", "2025-07-05", "2025-07-07"], dtype="datetime64[D]")
    checked = check(history([100, 101, 102, 103], dates=days))
    assert checked.refused == ((1, "not_a_session"), (2, "not_a_session"))


def test_rows_after_the_last_complete_session_are_refused() -> None:
    checked = check_history("ABC", history([100, 101, 102]), SESSIONS[1])
    assert checked.refused == ((2, "future_date"),)


def test_the_second_row_of_a_day_is_refused() -> None:
    days = np.array([SESSIONS[0], SESSIONS[1], SESSIONS[1]], dtype="datetime64[D]")
    assert check(history([100, 101, 102], dates=days)).refused == ((2, "duplicate_date"),)


def test_the_history_of_another_symbol_is_refused_whole() -> None:
    checked = check(history([100, 101], symbol="ABD"))
    assert checked.refused == ((0, "wrong_symbol"), (1, "wrong_symbol"))
    assert len(checked.rows) == len(checked.suspect) == 0


def test_a_dividend_sent_as_a_price_is_refused() -> None:
    paid = (DividendEvent(SESSIONS[1], Decimal("0.52")),)
    assert check(history([100, 0.52, 99], dividends=paid)).refused == ((1, "dividend_as_price"),)


def test_a_cheap_stock_may_trade_at_what_it_pays() -> None:
    paid = (DividendEvent(SESSIONS[1], Decimal("0.52")),)
    assert check(history([0.51, 0.52, 0.53], dividends=paid)).refused == ()


def test_rows_come_back_in_order_of_their_dates() -> None:
    bars = history([100, 101, 99])
    checked = check(history([100, 101, 99], dates=bars.dates[::-1].copy()))
    assert checked.rows.tolist() == [2, 1, 0]


def test_nothing_sent_is_nothing_stored() -> None:
    checked = check(history([]))
    assert (len(checked.rows), checked.refused) == (0, ())


# -- jumps


def suspects(closes: Sequence[float], **options: Any) -> list[int]:
    changes = {name: options.pop(name) for name in ("splits", "dividends") if name in options}
    checked = check(history(closes, **changes), **options)
    return np.flatnonzero(checked.suspect).tolist()


def test_a_lone_spike_is_not_believed_and_what_follows_is() -> None:
    assert suspects([100, 1000, 101, 102]) == [1]


def test_a_jump_on_the_last_row_waits_for_the_next_session() -> None:
    assert suspects([100, 101, 160]) == [2]


def test_the_next_session_confirms_a_jump() -> None:
    assert suspects([100, 101, 160, 158]) == []
    assert suspects([100, 101, 40, 42]) == []


def test_moves_below_the_limit_are_believed() -> None:
    assert suspects([100, 149, 75]) == []


def test_a_split_explains_its_jump() -> None:
    split = (SplitEvent(SESSIONS[2], Decimal(10)),)
    assert suspects([1000, 1010, 101, 102], splits=split) == []
    assert suspects([1000, 1010, 101], splits=split) == []
    assert suspects([1000, 1010, 101]) == [2]


def test_a_split_without_its_jump_is_not_believed() -> None:
    assert suspects([1000, 1010, 1005], splits=(SplitEvent(SESSIONS[2], Decimal(10)),)) == [2]


def test_a_special_dividend_explains_its_fall() -> None:
    assert suspects([100, 40], dividends=(DividendEvent(SESSIONS[1], Decimal(60), "special"),)) == []


def test_the_stored_close_before_the_first_row_counts() -> None:
    assert suspects([100], previous_close=10.0) == [0]
    assert suspects([100], previous_close=99.0) == []
    assert suspects([100]) == []


def test_an_index_of_volatility_may_jump() -> None:
    assert suspects([12, 37, 13], volatile=True) == []


@given(
    st.lists(
        st.tuples(
            st.dates(dt.date(2025, 6, 1), dt.date(2025, 8, 31)),
            st.floats(allow_infinity=False, width=32) | st.floats(1, 500),
        ),
        max_size=30,
    )
)
def test_every_row_is_either_kept_or_refused_for_a_known_reason(rows: list[tuple[dt.date, float]]) -> None:
    closes = np.array([close for _, close in rows], dtype=np.float64)
    bars = history(closes, dates=np.array([day for day, _ in rows], dtype="datetime64[D]"))
    checked = check(bars)
    refused = [row for row, _ in checked.refused]
    assert sorted([*checked.rows.tolist(), *refused]) == list(range(len(rows)))
    assert {reason for _, reason in checked.refused} <= set(REASONS)
    kept = bars.dates[checked.rows]
    assert (np.diff(kept) > np.timedelta64(0)).all()
    assert (bars.close[checked.rows] > 0).all()
    assert set(kept.tolist()) <= set(SESSIONS) | set(calendar.sessions(dt.date(2025, 6, 1), FIRST))
