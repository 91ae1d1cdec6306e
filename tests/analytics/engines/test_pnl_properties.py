"""What holds for every book: the two forms of equity, independence of order, and rolling in pieces."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.engines.ledger import LedgerInputs, LedgerResult, Quality
from analytics.engines.pnl import roll_ledger
from tests.analytics.engines.ledger_book import Book
from tests.analytics.engines.ledger_by_hand import ledger
from tests.analytics.engines.ledger_strategies import LOOKBACK, SESSIONS, books

examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WHOLE_SPLITS = ("2", "4", "10")
BY_PORTFOLIO = [
    field.name
    for field in fields(LedgerResult)
    if field.name not in {"lots", "closings", "refused_trades", "refusals", "state"}
]


def permuted(inputs: LedgerInputs, lots: np.ndarray, trades: np.ndarray) -> LedgerInputs:
    def taken(part: Any, order: np.ndarray) -> Any:
        return replace(part, **{field.name: getattr(part, field.name)[order] for field in fields(part)})

    place = np.argsort(lots)
    return replace(
        inputs,
        lots=taken(inputs.lots, lots),
        trades=taken(replace(inputs.trades, lot=place[inputs.trades.lot]), trades),
        valuations=replace(inputs.valuations, lot=place[inputs.valuations.lot]),
    )


def assert_same_rows(got: LedgerResult, wanted: LedgerResult, rows: slice = slice(None)) -> None:
    for name in BY_PORTFOLIO:
        np.testing.assert_array_equal(getattr(got, name), getattr(wanted, name)[rows], err_msg=name)


@examples
@given(book=books())
def test_equity_has_two_forms(book: Book) -> None:
    inputs = book.inputs(first=LOOKBACK)
    result = roll_ledger(inputs)
    np.testing.assert_array_equal(result.equity, result.cash + result.net)
    np.testing.assert_array_equal(result.gross, result.long_value - result.short_value)
    np.testing.assert_array_equal(result.cumulative_flow, np.cumsum(result.daily_flow, axis=0))
    np.testing.assert_array_equal(result.cumulative_pnl, np.cumsum(result.daily_pnl, axis=0))
    np.testing.assert_array_equal(result.cumulative_realized, np.cumsum(result.daily_realized, axis=0))
    started = np.where(result.active, inputs.opening_equity, 0)
    np.testing.assert_array_equal(result.equity, started + result.cumulative_pnl + result.cumulative_flow)


@examples
@given(book=books())
def test_lots_add_up_to_the_book(book: Book) -> None:
    result = roll_ledger(book.inputs(first=LOOKBACK), keep_lots=True)
    for portfolio in range(len(book.portfolios)):
        own = [lot["portfolio"] == portfolio for lot in book.lots]
        np.testing.assert_array_equal(result.lots.market_value[:, own].sum(axis=1), result.net[:, portfolio])
        np.testing.assert_array_equal(result.lots.daily_pnl[:, own].sum(axis=1), result.daily_pnl[:, portfolio])
        np.testing.assert_array_equal((result.lots.quantity[:, own] < 0).sum(axis=1), result.short_count[:, portfolio])
        quality = result.lots.quality[:, own]
        np.testing.assert_array_equal((quality == Quality.STALE).sum(axis=1), result.stale_count[:, portfolio])
        # Options that expired without a price of their underlying are missing too, and held no longer.
        private = np.array([lot["symbol"] is None for lot in book.lots], dtype=bool)[own]
        missing = np.isin(quality, (Quality.FROZEN, Quality.ENTRY)) & ~private
        assert (missing.sum(axis=1) <= result.missing_count[:, portfolio]).all()


@examples
@given(book=books())
def test_ledger_agrees_with_the_exact_one(book: Book) -> None:
    result = roll_ledger(book.inputs(first=LOOKBACK))
    assert not len(result.refused_trades)
    # Every lot is rounded to a micro-dollar a few times a session.
    tolerance = 5e-6 * (1 + len(book.lots)) * SESSIONS
    for portfolio in range(len(book.portfolios)):
        for session, day in ledger(book, portfolio).items():
            s = session - LOOKBACK
            got = {
                "equity": result.equity, "cash": result.cash, "realized": result.daily_realized,
                "income": result.daily_income, "fees": result.daily_fees, "flow": result.daily_flow,
                "attributed": result.daily_pnl,
            }  # fmt: skip
            for name, column in got.items():
                wanted = float(getattr(day, name))
                assert column[s, portfolio] / 1e6 == pytest.approx(wanted, rel=1e-14, abs=tolerance), (name, session)


@examples
@given(book=books(), cuts=st.sets(st.integers(LOOKBACK + 1, LOOKBACK + SESSIONS - 1)))
def test_rolling_in_pieces_changes_no_bit(book: Book, cuts: set[int]) -> None:
    whole = roll_ledger(book.inputs(first=LOOKBACK), keep_lots=True)
    state = None
    bounds = [LOOKBACK, *sorted(cuts), LOOKBACK + SESSIONS]
    for first, end in pairwise(bounds):
        piece = roll_ledger(book.inputs(first=first, through=end - 1, state=state), keep_lots=True)
        rows = slice(first - LOOKBACK, end - LOOKBACK)
        assert_same_rows(piece, whole, rows)
        for field in fields(piece.lots):
            np.testing.assert_array_equal(getattr(piece.lots, field.name), getattr(whole.lots, field.name)[rows])
        state = piece.state


@examples
@given(book=books(), at=st.integers(0, SESSIONS - 2))
def test_rerolling_from_any_session_gives_the_same_rows(book: Book, at: int) -> None:
    whole = roll_ledger(book.inputs(first=LOOKBACK), keep_lots=True)
    again = roll_ledger(book.inputs(first=LOOKBACK + at + 1, state=whole.state_after(at)))
    assert_same_rows(again, whole, slice(at + 1, None))


@examples
@given(book=books(), through=st.integers(LOOKBACK, LOOKBACK + SESSIONS - 1))
def test_later_events_change_no_earlier_row(book: Book, through: int) -> None:
    whole = roll_ledger(book.inputs(first=LOOKBACK))
    early = roll_ledger(book.inputs(first=LOOKBACK, through=through))
    assert_same_rows(early, whole, slice(0, through - LOOKBACK + 1))


@examples
@given(book=books(), data=st.data())
def test_order_of_lots_and_trades_does_not_matter(book: Book, data: st.DataObject) -> None:
    inputs = book.inputs(first=LOOKBACK)
    lots = np.array(data.draw(st.permutations(range(len(book.lots)))), dtype=np.int64)
    trades = np.array(data.draw(st.permutations(range(len(book.trades)))), dtype=np.int64)
    straight, shuffled = roll_ledger(inputs), roll_ledger(permuted(inputs, lots, trades))
    assert_same_rows(shuffled, straight)
    for field in fields(straight.lots):
        np.testing.assert_array_equal(getattr(shuffled.lots, field.name), getattr(straight.lots, field.name)[:, lots])


@examples
@given(book=books(ratios=WHOLE_SPLITS))
def test_splitting_every_lot_in_two_changes_only_the_counts(book: Book) -> None:
    inputs = book.inputs(first=LOOKBACK)
    lots, trades = inputs.lots, inputs.trades
    halves = replace(trades, quantity=trades.quantity / 2, fees=trades.fees // 2)
    twice = {field.name: np.tile(getattr(halves, field.name), 2) for field in fields(halves)}
    twice["lot"][len(trades.lot) :] += len(lots)
    valuations = {field.name: np.tile(getattr(inputs.valuations, field.name), 2) for field in fields(inputs.valuations)}
    valuations["lot"][len(inputs.valuations.lot) :] += len(lots)
    doubled = replace(
        inputs,
        lots=replace(lots, **{field.name: np.tile(getattr(lots, field.name), 2) for field in fields(lots)}),
        trades=replace(trades, **twice),
        valuations=replace(inputs.valuations, **valuations),
    )
    one, two = roll_ledger(inputs), roll_ledger(doubled)
    counts = {"position_count", "long_count", "short_count", "stale_count", "missing_count"}
    for name in counts:
        np.testing.assert_array_equal(getattr(two, name), 2 * getattr(one, name))
    for name in set(BY_PORTFOLIO) - counts:
        np.testing.assert_array_equal(getattr(two, name), getattr(one, name), err_msg=name)


@examples
@given(book=books(ratios=WHOLE_SPLITS))
def test_doubling_a_book_doubles_dollars_and_leaves_ratios(book: Book) -> None:
    inputs = book.inputs(first=LOOKBACK)
    trades = replace(inputs.trades, quantity=2 * inputs.trades.quantity, fees=2 * inputs.trades.fees)
    twice = replace(
        inputs,
        opening_equity=2 * inputs.opening_equity,
        trades=trades,
        flows=replace(inputs.flows, amount=2 * inputs.flows.amount),
    )
    one, two = roll_ledger(inputs), roll_ledger(twice)
    for name in (
        "equity",
        "cash",
        "long_value",
        "short_value",
        "daily_pnl",
        "daily_realized",
        "daily_income",
        "cumulative_pnl",
    ):
        np.testing.assert_array_equal(getattr(two, name), 2 * getattr(one, name), err_msg=name)
    for name in ("daily_return", "twr_index", "drawdown", "position_count", "large_flow"):
        np.testing.assert_array_equal(getattr(two, name), getattr(one, name), err_msg=name)


@examples
@given(
    quantity=st.integers(1, 10**5),
    price=st.integers(1, 10**4),
    ratio=st.sampled_from([("2", 2, 1), ("10", 10, 1), ("0.1", 1, 10), ("0.333333333333", 1, 3), ("1.5", 3, 2)]),
    priced=st.booleans(),
    side=st.sampled_from([1, -1]),
)
def test_a_split_leaves_no_pnl(
    quantity: int, price: int, ratio: tuple[str, int, int], *, priced: bool, side: int
) -> None:
    text, new, old = ratio
    # Prices in whole multiples of both numbers stay exact on either side of the split.
    before = price * 6 * new / 100
    book = Book({"AAA": [before, before * old / new if priced else None, before * old / new]})
    book.lot(book.portfolio(1_000_000), "AAA", side * quantity, before, 0)
    book.splits.append((1, "AAA", text))
    result = roll_ledger(book.inputs(), keep_lots=True)
    assert not result.daily_pnl.any()
    assert (result.lots.entry_value == result.lots.entry_value[0]).all()
    assert result.lots.quantity[-1, 0] == pytest.approx(side * quantity * new / old, rel=1e-15)
