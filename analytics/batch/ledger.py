"""Phase 2: roll the equity ledger of a shard and store its snapshots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter
from analytics.batch.symbols import HISTORY
from analytics.engines.ledger import (
    MAX_AGE_SESSIONS,
    NEVER,
    Closing,
    Dividends,
    Flows,
    LedgerInputs,
    LedgerResult,
    LedgerState,
    Lots,
    Quality,
    Refusal,
    Splits,
    Trades,
    Valuations,
    to_cents,
    to_decimal,
)
from analytics.engines.ledger_events import lot_sessions, split_integers, unit_ratios
from analytics.engines.pnl import roll_ledger
from marketdata import calendar
from marketdata.services.panel import PricePanel, shared_panel
from portfolios.models import PortfolioSnapshot, PositionSnapshot, TradeKind
from portfolios.services.book import CLASSES, Book, load_book
from portfolios.services.settlements import Settlement, record_settlements
from portfolios.services.units import restate_positions
from sigmasight.core import clock
from sigmasight.core.bulk import Ragged, Scaled, UpsertCount, read_columns, to_uuids, upsert, uuid_index

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIVATE = CLASSES.index("PRIVATE")
LOT_LETTERS = {
    Quality.FRESH: b"F", Quality.STALE: b"S", Quality.FROZEN: b"Z", Quality.ENTRY: b"E", Quality.VALUATION: b"V",
    Quality.NOT_HELD: b"-",
}  # fmt: skip
MODEL_LETTER = b"M"


def roll_shard(plan: Plan, meter: StepMeter, family: str) -> None:
    """Roll every portfolio of the shard from the shard's first session to the target and store what differs.

    Rolling a portfolio from an earlier session than it needs gives the rows it has already, so that one roll serves all.
    """
    with meter.part("read"):
        book = load_book([need.portfolio_id for need in plan.needs], plan.target)
        panel, closes, modelled = _closes(book, plan)
        inputs = _inputs(book, plan, panel, closes)
    with meter.part("compute"):
        result = roll_ledger(inputs, keep_lots=True)
    with meter.part("write"):
        wanted = _wanted(book, plan, panel, result)
        meter.wrote("portfolio_snapshots", _store_snapshots(book, panel, inputs.first, result, wanted))
        meter.wrote("position_snapshots", _store_lots(book, panel, inputs.first, result, wanted, modelled))
        _settle(book, panel, result)
        restate_positions(
            _split_securities(book, plan),
            clock.market_today(),
            portfolio_ids=[need.portfolio_id for need in plan.needs],
        )
    for trade, reason in zip(result.refused_trades.tolist(), result.refusals.tolist(), strict=True):
        lot = book.trades.lot[trade]
        name = "closes more than was held" if reason == Refusal.MORE_THAN_HELD else "was opened after its expiry"
        meter.notes.append(f"a trade of lot {to_uuids(book.lots.id[lot : lot + 1])[0]} was not booked: it {name}")


def _closes(book: Book, plan: Plan) -> tuple[PricePanel, Floats, NDArray[np.bool_]]:
    """Raw closes of everything held, contracts by their marks, (R, N); and which of them are model prices."""
    ids = book.held_securities()
    first = calendar.shift(plan.sessions[0], -MAX_AGE_SESSIONS)
    panel = shared_panel(ids, first, plan.target, history=HISTORY)
    # A shard of nothing but private lots has no column; one without prices stands for none.
    closes = panel.close.copy() if len(ids) else np.full((len(panel.sessions), 1), np.nan)
    modelled = np.zeros(closes.shape, dtype=bool)
    contracts = np.unique(book.lots.security[book.lots.option_sign != 0])
    if len(contracts):
        marks = read_columns(
            "SELECT security_id, session, price, (price_source = 'model') AS modelled FROM instrument_marks "
            "WHERE security_id = ANY(%(ids)s) AND session BETWEEN %(first)s AND %(last)s",
            {"ids": contracts.tolist(), "first": first, "last": plan.target},
        )
        row = calendar.ordinals(marks["session"]) - panel.first_ordinal
        column = panel.columns_of(marks["security_id"])
        closes[row, column] = marks["price"]
        modelled[row, column] = marks["modelled"]
    return panel, closes, modelled


def _shifted(ordinals: Ints, first: int) -> Ints:
    return np.where(ordinals == NEVER, NEVER, ordinals - first)


def _split_rows(book: Book, plan: Plan) -> dict[str, NDArray[np.int64]]:
    rows = read_columns(
        "SELECT security_id, ex_date, ratio FROM splits WHERE security_id = ANY(%(ids)s) AND kind = 'split' AND ex_date <= %(last)s "
        "ORDER BY security_id, ex_date",
        {"ids": book.held_securities().tolist(), "last": plan.target},
    )
    new, old = (
        split_integers(rows["ratio"].tolist()) if len(rows["ratio"]) else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    )
    return {
        "security": rows["security_id"],
        "session": calendar.ordinals_after(rows["ex_date"]),
        "new": new,
        "old": old,
    }


def _split_securities(book: Book, plan: Plan) -> list[int]:
    stocks = set(book.lots.security[book.lots.option_sign == 0].tolist())
    return sorted(stocks & set(_split_rows(book, plan)["security"].tolist()))


def _inputs(book: Book, plan: Plan, panel: PricePanel, closes: Floats) -> LedgerInputs:
    base = panel.first_ordinal
    first = calendar.session_ordinal(plan.sessions[0]) - base
    lots, trades = book.lots, book.trades
    private = lots.investment_class == PRIVATE
    start = book.portfolios.start - base
    ledger_lots = Lots(
        portfolio=lots.portfolio,
        multiplier=lots.multiplier,
        price_row=np.where(private, -1, panel.columns_of(lots.security)),
        underlying_row=np.where(lots.option_sign == 0, -1, panel.columns_of(lots.underlying)),
        strike=lots.strike,
        option_sign=lots.option_sign,
        expiry=_shifted(lots.expiry, base),
        deleted=_shifted(lots.deleted, base),
    )
    split = _split_rows(book, plan)
    split_column = panel.columns_of(split["security"])
    plain = Trades(
        lot=trades.lot, session=trades.session - base, quantity=trades.quantity, price=trades.price, fees=trades.fees,
        opening=trades.opening, units_new=np.ones(len(trades.lot), np.int64), units_old=np.ones(len(trades.lot), np.int64),
    )  # fmt: skip
    entry, _ = lot_sessions(plain, ledger_lots, start)
    # Contracts keep their terms when the underlying splits; only shares are counted anew.
    own_row = np.where(lots.option_sign[trades.lot] == 0, ledger_lots.price_row[trades.lot], -2)
    units_new, units_old = unit_ratios(
        own_row, trades.units - base, entry, split_column, split["session"] - base, split["new"], split["old"]
    )
    inside = (split["session"] >= base) & (split_column >= 0)
    paid = read_columns(
        "SELECT security_id, ex_date, amount FROM dividends WHERE security_id = ANY(%(ids)s) "
        "AND ex_date > %(first)s::date - 10 AND ex_date <= %(last)s ORDER BY security_id, ex_date, kind",
        {"ids": book.held_securities().tolist(), "first": plan.sessions[0], "last": plan.target},
    )
    paid_session = calendar.ordinals_after(paid["ex_date"]) - base
    due = (paid_session >= first) & (paid_session < len(closes))
    return LedgerInputs(
        closes=closes,
        first=first,
        start=start,
        opening_equity=book.portfolios.opening_equity,
        lots=ledger_lots,
        trades=Trades(
            lot=plain.lot, session=plain.session, quantity=plain.quantity, price=plain.price, fees=plain.fees,
            opening=plain.opening, units_new=units_new, units_old=units_old,
        ),
        splits=Splits(split["session"][inside] - base, split_column[inside], split["new"][inside], split["old"][inside]),
        dividends=Dividends(paid_session[due], panel.columns_of(paid["security_id"])[due], paid["amount"][due]),
        flows=Flows(book.flows.portfolio, book.flows.session - base, book.flows.amount),
        valuations=Valuations(book.valuations.lot, book.valuations.session - base, book.valuations.price),
        state=_state(book, plan) if (start < first).any() else None,
    )  # fmt: skip


def _state(book: Book, plan: Plan) -> LedgerState:
    """The stored books at the session before the roll; portfolios that start later carry nothing.

    Raises
    ------
    ValueError if a portfolio that has started lacks the snapshot to roll on from.
    """
    before = calendar.previous_session(plan.sessions[0])
    ids = [need.portfolio_id for need in plan.needs]
    rows = read_columns(
        # With its lots or not at all: without them the book would roll on empty.
        "SELECT portfolio_id, cash_micro, realized_micro, flow_micro, twr_index, twr_peak FROM portfolio_snapshots "
        "JOIN position_snapshots USING (portfolio_id, snapshot_date) "
        "WHERE portfolio_id = ANY(%(ids)s) AND snapshot_date = %(day)s AND is_complete",
        {"ids": ids, "day": before},
        raw_uuids=True,
    )
    place = uuid_index(rows["portfolio_id"], book.portfolios.id)
    started = book.portfolios.start < calendar.session_ordinal(plan.sessions[0])
    if (started & (place < 0)).any():
        raise ValueError(f"a snapshot of {before} to roll on from is missing")
    lots = read_columns(
        "SELECT position_ids, quantity, price, cost_micro FROM position_snapshots "
        "WHERE portfolio_id = ANY(%(ids)s) AND snapshot_date = %(day)s",
        {"ids": ids, "day": before},
    )
    lot_place = uuid_index(lots["position_ids"].values, book.lots.id)

    def at(values: NDArray, index: Ints, missing: float) -> NDArray:  # type: ignore[type-arg]
        if not len(values):
            return np.full(len(index), missing, dtype=type(missing))
        return np.where(index >= 0, values[np.maximum(index, 0)], missing).astype(values.dtype)

    return LedgerState(
        quantity=at(lots["quantity"].values, lot_place, 0.0),
        cost=at(lots["cost_micro"].values, lot_place, 0),
        mark=at(lots["price"].values, lot_place, 0.0),
        cash=at(rows["cash_micro"], place, 0),
        cumulative_realized=at(rows["realized_micro"], place, 0),
        cumulative_flow=at(rows["flow_micro"], place, 0),
        twr_index=at(rows["twr_index"], place, 1.0),
        twr_peak=at(rows["twr_peak"], place, 1.0),
    )


def _wanted(book: Book, plan: Plan, panel: PricePanel, result: LedgerResult) -> NDArray[np.bool_]:
    """(S, P): the rows to store, from each portfolio's own first session on."""
    firsts = {need.portfolio_id.bytes: calendar.session_ordinal(need.first) for need in plan.needs}
    first = np.array([firsts[bytes(key)] for key in book.portfolios.id])
    sessions = calendar.session_ordinal(plan.sessions[0]) + np.arange(len(result.equity))
    return result.active & (sessions[:, None] >= first)


def _cents(values: Ints) -> Scaled:
    return Scaled(to_cents(values), 2)


def _store_snapshots(
    book: Book, panel: PricePanel, first: int, result: LedgerResult, wanted: NDArray[np.bool_]
) -> UpsertCount:
    row, column = np.nonzero(wanted)
    money = {
        "net_asset_value": result.equity, "cash_value": result.cash, "long_value": result.long_value,
        "short_value": result.short_value, "gross_exposure": result.gross, "net_exposure": result.net,
        "daily_pnl": result.daily_pnl, "daily_unrealized_pnl": result.daily_unrealized,
        "daily_realized_pnl": result.daily_realized, "daily_income": result.daily_income, "daily_fees": result.daily_fees,
        "daily_capital_flow": result.daily_flow, "cumulative_pnl": result.cumulative_pnl,
        "cumulative_realized_pnl": result.cumulative_realized, "cumulative_capital_flow": result.cumulative_flow,
    }  # fmt: skip
    plain = {
        "daily_return": result.daily_return, "twr_index": result.twr_index, "twr_peak": result.twr_peak,
        "drawdown": np.minimum(result.drawdown, 0.0), "num_positions": result.position_count,
        "num_long_positions": result.long_count, "num_short_positions": result.short_count,
        "stale_count": result.stale_count, "missing_count": result.missing_count, "cash_micro": result.cash,
        "realized_micro": result.cumulative_realized, "flow_micro": result.cumulative_flow,
    }  # fmt: skip
    return upsert(
        PortfolioSnapshot,
        {
            "portfolio": book.portfolios.id[column],
            "snapshot_date": panel.sessions[first:][row],
            **{name: _cents(values[row, column]) for name, values in money.items()},
            **{name: values[row, column] for name, values in plain.items()},
            "nav_quality": np.where(result.partial[row, column], "partial", "ok").tolist(),
            "large_flow": result.large_flow[row, column].tolist(),
            "is_complete": [True] * len(row),
        },
        unique=["portfolio", "snapshot_date"],
    )


def _store_lots(
    book: Book,
    panel: PricePanel,
    first: int,
    result: LedgerResult,
    wanted: NDArray[np.bool_],
    modelled: NDArray[np.bool_],
) -> UpsertCount:
    lots, owner = result.lots, book.lots.portfolio
    held = (lots.quality != Quality.NOT_HELD) & wanted[:, owner]
    row, column = np.nonzero(wanted)
    portfolios = wanted.shape[1]
    s, lot = np.nonzero(held)
    counts = np.bincount(s * portfolios + owner[lot], minlength=wanted.size)[wanted.ravel()]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    letters = np.array([LOT_LETTERS[Quality(code)] for code in range(len(Quality))])[lots.quality]
    price_column = panel.columns_of(book.lots.security)
    by_model = modelled[first:][:, np.maximum(price_column, 0)] & (price_column >= 0) & (letters == b"F")
    letters = np.where(by_model, MODEL_LETTER, letters)

    def dollars(values: Ints) -> Floats:
        return to_cents(values[held]) / 100

    return upsert(
        PositionSnapshot,
        {
            "portfolio": book.portfolios.id[column],
            "snapshot_date": panel.sessions[first:][row],
            "position_ids": Ragged(book.lots.id[lot].view("S16"), offsets),
            "quantity": Ragged(lots.quantity[held], offsets),
            "price": Ragged(lots.price[held], offsets),
            "market_value": Ragged(dollars(lots.market_value), offsets),
            "entry_value": Ragged(dollars(lots.entry_value), offsets),
            "cost_micro": Ragged(lots.entry_value[held], offsets),
            "unrealized_pnl": Ragged(dollars(lots.unrealized), offsets),
            "daily_pnl": Ragged(dollars(lots.daily_pnl), offsets),
            "quality": Ragged(letters[held], offsets),
        },
        unique=["portfolio", "snapshot_date"],
    )


def _settle(book: Book, panel: PricePanel, result: LedgerResult) -> None:
    closings = result.closings
    settlements = []
    for i in np.flatnonzero(closings.kind != Closing.DELETION).tolist():
        lot = closings.lot[i]
        settlements.append(
            Settlement(
                position_id=to_uuids(book.lots.id[lot : lot + 1])[0],
                kind=TradeKind.EXPIRY if closings.kind[i] == Closing.EXPIRY else TradeKind.CLOSE,
                session=panel.sessions[closings.session[i]].item(),
                quantity=round(to_decimal(round(float(closings.quantity[i]) * 1_000_000)), 4),
                price=round(to_decimal(round(float(closings.price[i]) * 1_000_000)), 6),
                realized_pnl=round(to_decimal(int(closings.realized[i])), 2),
            )
        )
    if settlements:
        record_settlements(settlements)
