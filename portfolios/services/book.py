"""The books of many portfolios as columns: lots, trades, flows and valuations, free of prices.

Sessions are ordinals of the exchange calendar (`marketdata.calendar`), so that a caller only subtracts the first row of
his price matrix. What happens on a day without a session belongs to the next one; options settle on the session before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from portfolios.models import InvestmentClass, PositionType
from sigmasight.core.bulk import read_columns, uuid_index
from sigmasight.core.errors import NotFound

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Uuids = NDArray[np.void]

# Stands for no expiry and no deletion.
NEVER = np.iinfo(np.int64).max
CLASSES = tuple(InvestmentClass.values)
TYPES = tuple(PositionType.values)


@dataclass(frozen=True)
class PortfolioColumns:
    """(P,) each, ascending by id. `id` V16; `start` first session of the ledger; `opening_equity` micro-dollars."""

    id: Uuids
    start: Ints
    opening_equity: Ints


@dataclass(frozen=True)
class LotColumns:
    """(L,) each, by portfolio and id; every lot that has a trade, closed and deleted ones too.

    portfolio : row of `PortfolioColumns`. security, underlying : ids, -1 for none (PRIVATE; no option).
    investment_class,
    position_type : places in `CLASSES` and `TYPES`. multiplier : shares a unit stands for. strike : NaN for none.
    option_sign : 1 call, -1 put, 0 no option. expiry : session it settles on; deleted : session of the soft deletion.
    """

    id: Uuids
    portfolio: Ints
    security: Ints
    underlying: Ints
    investment_class: Ints
    position_type: Ints
    multiplier: Floats
    strike: Floats
    option_sign: Ints
    expiry: Ints
    deleted: Ints


@dataclass(frozen=True)
class TradeColumns:
    """(K,) each, by lot, session and kind: openings and closings; expiries are left to the ledger.

    lot : row of `LotColumns`. quantity : signed, in the shares of `units` (the last session on or before the day they
    are counted on); price : NaN for a closing at the session's close; fees : micro-dollars.
    """

    lot: Ints
    session: Ints
    quantity: Floats
    price: Floats
    fees: Ints
    opening: Flags
    units: Ints


@dataclass(frozen=True)
class FlowColumns:
    """(F,) each, by portfolio and session. amount : micro-dollars, withdrawals negative."""

    portfolio: Ints
    session: Ints
    amount: Ints


@dataclass(frozen=True)
class ValuationColumns:
    """(V,) each, by lot and session. price : dollars per unit of a private lot."""

    lot: Ints
    session: Ints
    price: Floats


@dataclass(frozen=True)
class Book:
    """The books of P portfolios up to `through`."""

    through: dt.date
    portfolios: PortfolioColumns
    lots: LotColumns
    trades: TradeColumns
    flows: FlowColumns
    valuations: ValuationColumns

    def held_securities(self) -> Ints:
        """Ids of all securities and underlyings of the lots, ascending, each once."""
        ids = np.unique(np.concatenate([self.lots.security, self.lots.underlying]))
        return ids[ids >= 0]


PORTFOLIOS = """
    SELECT id, equity_as_of, (opening_equity * 1000000)::bigint AS opening_equity
    FROM portfolios WHERE id = ANY(%(ids)s)
"""


def places(names: Sequence[str]) -> str:
    """SQL for the place of a choice among its names."""
    return " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(names))


# One row a trade with its lot beside it: lots and trades of one moment, in one pass. The server takes as long to send a column
# as to find the rows, so that choices come as one number: class, type, and whether the trade opens the lot.
TYPE_STEP, OPENING_STEP = 10, 1000
TRADES = f"""
    SELECT p.portfolio_id, p.id AS lot_id, coalesce(p.security_id, -1) AS security,
           CASE p.investment_class {places(CLASSES)} END
           + {TYPE_STEP} * CASE p.position_type {places(TYPES)} END
           + CASE t.kind WHEN 'open' THEN {OPENING_STEP} ELSE 0 END AS choices,
           (p.deleted_at AT TIME ZONE 'America/New_York')::date AS deleted,
           t.trade_date, t.quantity::float8 AS quantity, t.price::float8 AS price,
           (t.fees * 1000000)::bigint AS fees, t.units_as_of
    FROM trades AS t
    JOIN positions AS p ON p.id = t.position_id
    WHERE p.portfolio_id = ANY(%(ids)s) AND t.trade_date <= %(through)s AND t.kind <> 'expiry'
"""

CONTRACTS = """
    SELECT security_id, underlying_id, multiplier::float8 AS multiplier, strike::float8 AS strike, expiration,
           CASE option_type WHEN 'CALL' THEN 1 ELSE -1 END AS option_sign
    FROM option_contracts WHERE security_id = ANY(%(ids)s) ORDER BY security_id
"""

FLOWS = """
    SELECT portfolio_id, change_date,
           (CASE change_type WHEN 'WITHDRAWAL' THEN -amount ELSE amount END * 1000000)::bigint AS amount
    FROM equity_changes
    WHERE portfolio_id = ANY(%(ids)s) AND change_date <= %(through)s AND deleted_at IS NULL
"""

VALUATIONS = """
    SELECT v.position_id, v.date, v.price::float8 AS price
    FROM position_valuations AS v
    JOIN positions AS p ON p.id = v.position_id
    WHERE p.portfolio_id = ANY(%(ids)s) AND v.date <= %(through)s
"""


def load_book(portfolio_ids: Sequence[UUID], through: dt.date) -> Book:
    """Read the books of these portfolios with five queries, whatever their number.

    Nothing dated after `through` is in it, but history entered late is. A change stored between two of the queries has
    marked its book dirty again, see `clear_dirty`. The columns do not depend on the order of `portfolio_ids`.

    Raises
    ------
    NotFound if a portfolio does not exist.
    """
    ids = sorted(set(portfolio_ids))
    limits: dict[str, Any] = {"ids": ids, "through": through}
    portfolios = _portfolios(ids)
    rows = read_columns(TRADES, limits, raw_uuids=True)
    lots, trades = _lots_and_trades(rows, uuid_index(portfolios.id, rows["portfolio_id"]), through)
    return Book(
        through=through,
        portfolios=portfolios,
        lots=lots,
        trades=trades,
        flows=_flows(read_columns(FLOWS, limits, raw_uuids=True), portfolios),
        valuations=_valuations(read_columns(VALUATIONS, limits, raw_uuids=True), lots),
    )


def _portfolios(ids: Sequence[UUID]) -> PortfolioColumns:
    rows = read_columns(PORTFOLIOS, {"ids": ids}, raw_uuids=True)
    if len(rows["id"]) != len(ids):
        raise NotFound("portfolio_not_found", f"{len(ids) - len(rows['id'])} of {len(ids)} portfolios do not exist.")
    order = np.lexsort(_halves(rows["id"]))
    return PortfolioColumns(
        id=rows["id"][order],
        start=calendar.ordinals_after(rows["equity_as_of"][order]),
        opening_equity=rows["opening_equity"][order],
    )


def _lots_and_trades(
    rows: dict[str, NDArray[Any]], portfolio: Ints, through: dt.date
) -> tuple[LotColumns, TradeColumns]:
    session = calendar.ordinals_after(rows["trade_date"])
    low, high = _halves(rows["lot_id"])
    opening = rows["choices"] >= OPENING_STEP
    order = np.lexsort((rows["price"], rows["quantity"], ~opening, session, low, high, portfolio))
    rows = {name: column[order] for name, column in rows.items()}
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    first = {name: column[fresh] for name, column in rows.items()}
    # Deletions after `through` have not happened yet; NaT is none at all.
    gone = first["deleted"] <= np.datetime64(through, "D")
    contracts = read_columns(CONTRACTS, {"ids": np.unique(first["security"]).tolist()})
    is_contract, place = _found(contracts["security_id"], first["security"])

    def of_contract(name: str, otherwise: float) -> NDArray[Any]:
        column = contracts[name]
        return np.where(is_contract, column[place], otherwise) if len(column) else np.full(len(place), otherwise)

    choices = first["choices"] % OPENING_STEP
    lots = LotColumns(
        id=first["lot_id"],
        portfolio=portfolio[order][fresh],
        security=first["security"],
        underlying=of_contract("underlying_id", -1),
        investment_class=choices % TYPE_STEP,
        position_type=choices // TYPE_STEP,
        multiplier=of_contract("multiplier", 1.0),
        strike=of_contract("strike", np.nan),
        option_sign=of_contract("option_sign", 0),
        expiry=_expiries(contracts["expiration"], is_contract, place),
        deleted=np.where(gone, calendar.ordinals_after(first["deleted"]), NEVER),
    )
    trades = TradeColumns(
        lot=np.cumsum(fresh) - 1,
        session=session[order],
        quantity=rows["quantity"],
        price=rows["price"],
        fees=rows["fees"],
        opening=opening[order],
        units=calendar.ordinals(rows["units_as_of"]),
    )
    return lots, trades


def _found(keys: Ints, wanted: Ints) -> tuple[Flags, Ints]:
    """Whether each is among the ascending keys, and its place there, 0 where it is not."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    there = keys[place] == wanted
    return there, np.where(there, place, 0)


def _expiries(expiration: NDArray[np.datetime64], is_contract: Flags, place: Ints) -> Ints:
    if not len(expiration):
        return np.full(len(place), NEVER, dtype=np.int64)
    return np.where(is_contract, calendar.ordinals(expiration)[place], NEVER)


def _flows(rows: dict[str, NDArray[Any]], portfolios: PortfolioColumns) -> FlowColumns:
    flows = FlowColumns(
        portfolio=uuid_index(portfolios.id, rows["portfolio_id"]),
        session=calendar.ordinals_after(rows["change_date"]),
        amount=rows["amount"],
    )
    return _sorted(flows, np.lexsort((flows.amount, flows.session, flows.portfolio)))


def _valuations(rows: dict[str, NDArray[Any]], lots: LotColumns) -> ValuationColumns:
    # Two values of one week-end fall on one session: the later day is to come last.
    order = np.argsort(rows["date"], kind="stable")
    valuations = ValuationColumns(
        lot=uuid_index(lots.id, rows["position_id"])[order],
        session=calendar.ordinals_after(rows["date"])[order],
        price=rows["price"][order],
    )
    known = np.flatnonzero(valuations.lot >= 0)
    return _sorted(valuations, known[np.lexsort((valuations.session[known], valuations.lot[known]))])


def _sorted(columns: Any, order: Ints) -> Any:
    return type(columns)(**{field.name: getattr(columns, field.name)[order] for field in fields(columns)})


def _halves(ids: Uuids) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """UUIDs as two numbers, the low half first, as `lexsort` wants its keys."""
    halves = np.ascontiguousarray(ids).view(">u8").reshape(-1, 2).astype(np.uint64)
    return halves[:, 1], halves[:, 0]
