"""The profit-and-loss ledger: what every portfolio was worth at every session.

E_t = cash_t + sum of q m P_t, and equivalently E_t = E_{t-1} + daily P&L + flow, where the P&L of a lot is its quantity
held overnight times the change of its mark, plus its trades marked from their own prices, plus dividends, less fees.
Both forms hold to the micro-dollar, because every amount is rounded once and all sums are whole numbers.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from analytics.engines.ledger import (
    Closings,
    Flags,
    Floats,
    Ints,
    LedgerInputs,
    LedgerResult,
    LedgerState,
    LotLedger,
    Quality,
    Refusal,
)
from analytics.engines.ledger_books import Books

# A flow above a tenth of the equity before it makes the day's return depend on when it came in.
LARGE_FLOW = 10


def roll_ledger(inputs: LedgerInputs, *, keep_lots: bool = False) -> LedgerResult:
    """Roll the books of all portfolios over the sessions ``first .. R - 1`` of the close matrix.

    Order inside a session: splits (quantity, carried mark; the cost of a lot stays), dividends on the quantity held
    overnight, openings, closings, marks, expiries at intrinsic value, deletions at the mark, flows. A lot older than
    its portfolio is taken over at the close of the portfolio's first session. A mark is the last close of at most
    `max_age_sessions` sessions ago; beyond that the lot keeps its mark, or its entry price if it never had one.

    Rolling in one pass or in pieces, each from the state of the one before, gives the same rows bit for bit, as does
    any order of lots and trades.

    Parameters
    ----------
    inputs : see `LedgerInputs`. Events before `first` are in the state already and left out; events before the first
        session of a portfolio are in its opening equity.
    keep_lots : keep the lots of every session (needed for `LedgerResult.state_after`), not only of the last one.

    Returns
    -------
    LedgerResult of (S, P) arrays, money in micro-dollars, in the caller's order of portfolios and lots.

    Raises
    ------
    ValueError if arrays do not fit together, if a portfolio started before `first` and there is no state or too little
        look-back, if a lot has two openings, or if a book is beyond nine trillion dollars.
    """
    _check(inputs)
    order = np.argsort(inputs.lots.portfolio, kind="stable")
    books = Books(_by_portfolio(inputs, order), keep_lots=keep_lots)
    for session in range(books.sessions):
        books.roll(session)
    return _result(inputs, books, order)


def _check(inputs: LedgerInputs) -> None:
    rows, columns = inputs.closes.shape
    portfolios, lots = len(inputs.start), len(inputs.lots)
    if not 0 <= inputs.first < rows:
        raise ValueError(f"first session {inputs.first} is not one of the {rows} rows of closes")
    if len(inputs.opening_equity) != portfolios:
        raise ValueError("start and opening_equity differ in length")
    for part in (inputs.lots, inputs.trades, inputs.splits, inputs.dividends, inputs.flows, inputs.valuations):
        lengths = {field.name: len(getattr(part, field.name)) for field in fields(part)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of {type(part).__name__} differ in length: {lengths}")
    for name, index, size in (
        ("lots.portfolio", inputs.lots.portfolio, portfolios),
        ("flows.portfolio", inputs.flows.portfolio, portfolios),
        ("trades.lot", inputs.trades.lot, lots),
        ("valuations.lot", inputs.valuations.lot, lots),
        ("lots.price_row + 1", inputs.lots.price_row + 1, columns + 1),
        ("lots.underlying_row + 1", inputs.lots.underlying_row + 1, columns + 1),
        ("splits.row", inputs.splits.row, columns),
        ("dividends.row", inputs.dividends.row, columns),
    ):
        if len(index) and (index.min() < 0 or index.max() >= size):
            raise ValueError(f"{name} points outside 0..{size - 1}")
    if np.isinf(inputs.closes).any():
        raise ValueError("closes hold an infinite price")
    if (inputs.start < inputs.first).any():
        if inputs.state is None:
            raise ValueError("a portfolio started before the first session to roll: its state is needed")
        if inputs.first < inputs.max_age_sessions:
            raise ValueError(f"rolling on from a state needs {inputs.max_age_sessions} look-back rows of closes")
    if inputs.state is not None and len(inputs.state.quantity) != lots:
        raise ValueError("the state has another number of lots")


def _taken(part: Any, index: Ints) -> Any:
    return replace(part, **{field.name: getattr(part, field.name)[index] for field in fields(part)})


def _by_portfolio(inputs: LedgerInputs, order: Ints) -> LedgerInputs:
    """The inputs with lots sorted by portfolio."""
    if (order[:-1] < order[1:]).all():
        return inputs
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    state = inputs.state
    if state is not None:
        state = replace(state, quantity=state.quantity[order], cost=state.cost[order], mark=state.mark[order])
    return replace(
        inputs,
        lots=_taken(inputs.lots, order),
        trades=replace(inputs.trades, lot=place[inputs.trades.lot]),
        valuations=replace(inputs.valuations, lot=place[inputs.valuations.lot]),
        state=state,
    )


def _flows(inputs: LedgerInputs, sessions: int) -> Ints:
    flow = np.zeros((sessions, len(inputs.start)), dtype=np.int64)
    row = inputs.flows.session - inputs.first
    counted = (row >= 0) & (row < sessions) & (inputs.flows.session >= inputs.start[inputs.flows.portfolio])
    np.add.at(flow, (row[counted], inputs.flows.portfolio[counted]), inputs.flows.amount[counted])
    return flow


def _carried(inputs: LedgerInputs) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """Cash, cumulative realised P&L and flow, index and peak before the first session; nothing for new portfolios."""
    new = inputs.start >= inputs.first
    nothing = np.zeros(len(new), dtype=np.int64)
    one = np.ones(len(new))
    if inputs.state is None:
        return nothing, nothing, nothing, one, one
    state = inputs.state
    return (
        np.where(new, 0, state.cash),
        np.where(new, 0, state.cumulative_realized),
        np.where(new, 0, state.cumulative_flow),
        np.where(new, 1.0, state.twr_index),
        np.where(new, 1.0, state.twr_peak),
    )


def _index(daily_return: Floats, index: Floats, peak: Floats) -> tuple[Floats, Floats, Floats]:
    """Time-weighted index, its peak and the drawdown. A negative index has no peak from then on."""
    growth = np.where(np.isnan(daily_return), 1.0, 1.0 + daily_return)
    twr = np.cumprod(np.vstack([index[None], growth]), axis=0)[1:]
    peaks = np.maximum.accumulate(np.vstack([peak[None], np.where(twr < 0, np.nan, twr)]), axis=0)[1:]
    return twr, peaks, twr / peaks - 1.0


def _result(inputs: LedgerInputs, books: Books, order: Ints) -> LedgerResult:
    sessions = books.sessions
    session = np.arange(inputs.first, inputs.first + sessions)[:, None]
    active: Flags = session >= inputs.start
    begins = session == inputs.start
    opening = np.where(begins, inputs.opening_equity, 0)
    flow = _flows(inputs, sessions)
    cash_before, realized_before, flow_before, index_before, peak_before = _carried(inputs)

    cash = cash_before + np.cumsum(books.cash_change + flow + opening, axis=0)
    equity = cash + books.net
    before = np.vstack([(cash_before + books.opening_value)[None], equity[:-1]]) + opening
    daily_pnl = equity - before - flow
    cumulative_flow = flow_before + np.cumsum(flow, axis=0)
    solvent = active & (before > 0)
    daily_return = np.divide(daily_pnl, before, out=np.full(equity.shape, np.nan), where=solvent)
    twr, peak, drawdown = _index(daily_return, index_before, peak_before)
    short_value = books.net - books.long_value

    lots = _lot_ledger(books, order)
    realized = realized_before + np.cumsum(books.realized, axis=0)
    rows, refusals = _refused(books)
    return LedgerResult(
        active=active,
        equity=equity,
        cash=cash,
        long_value=books.long_value,
        short_value=short_value,
        gross=books.long_value - short_value,
        net=books.net,
        daily_pnl=daily_pnl,
        daily_realized=books.realized,
        daily_income=books.income,
        daily_fees=books.fees,
        daily_unrealized=daily_pnl - books.realized - books.income + books.fees,
        daily_flow=flow,
        daily_return=daily_return,
        cumulative_pnl=np.where(active, equity - inputs.opening_equity - cumulative_flow, 0),
        cumulative_realized=realized,
        cumulative_flow=cumulative_flow,
        twr_index=np.where(active, twr, np.nan),
        twr_peak=np.where(active, peak, np.nan),
        drawdown=np.where(active, drawdown, np.nan),
        position_count=books.long_count + books.short_count,
        long_count=books.long_count,
        short_count=books.short_count,
        stale_count=books.stale,
        missing_count=books.missing,
        partial=books.missing > 0,
        large_flow=np.abs(flow) * LARGE_FLOW > np.maximum(before, 0),
        lots=lots,
        closings=_closings(books, order),
        refused_trades=rows,
        refusals=refusals,
        state=LedgerState(
            quantity=lots.quantity[-1],
            cost=lots.entry_value[-1],
            mark=lots.price[-1],
            cash=cash[-1],
            cumulative_realized=realized[-1],
            cumulative_flow=cumulative_flow[-1],
            twr_index=twr[-1],
            twr_peak=peak[-1],
        ),
    )


def _lot_ledger(books: Books, order: Ints) -> LotLedger:
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    quantity, mark, value, cost, daily, quality = (
        np.stack(column)[:, place] for column in zip(*books.lot_rows, strict=True)
    )
    return LotLedger(
        quantity=quantity,
        price=np.where(quality == Quality.NOT_HELD, np.nan, mark),
        market_value=value,
        entry_value=cost,
        unrealized=value - cost,
        daily_pnl=daily,
        quality=quality,
    )


def _closings(books: Books, order: Ints) -> Closings:
    empty = (
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.int8),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0, np.int64),
    )
    lot, session, kind, quantity, price, realized = (
        np.concatenate(part) for part in zip(empty, *books.closed, strict=True)
    )
    return Closings(order[lot], session, kind, quantity, price, realized)


def _refused(books: Books) -> tuple[Ints, Any]:
    """Trades that were not booked, with their reasons."""
    agenda = books.trades
    groups = np.concatenate([np.zeros(0, dtype=np.int64), *books.refused_groups])
    more = np.concatenate(
        [np.zeros(0, dtype=np.int64), *(agenda.members[agenda.bounds[g] : agenda.bounds[g + 1]] for g in groups)]
    )
    reasons = np.concatenate([agenda.refusals, np.full(len(more), Refusal.MORE_THAN_HELD, dtype=np.int8)])
    rows = np.concatenate([agenda.refused, more])
    by_row = np.argsort(rows, kind="stable")
    return rows[by_row], reasons[by_row]
