"""A published book with trades that nobody has made, laid out for the engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.batch.book_inputs import Book, Floats, lay_out
from analytics.batch.holdings import (
    ETFS,
    UNCLASSIFIED,
    ContractFacts,
    ContractValues,
    Holdings,
    LotFacts,
    load_contract_values,
    load_holdings,
    load_lots,
    needed_securities,
    no_contract_values,
)
from analytics.batch.universe import Universe, load_universe
from marketdata.models import SecurityType
from sigmasight.core.errors import DomainError

SECTOR_FUNDS = (SecurityType.ETF, SecurityType.ETN)
# Stocks and funds by symbol with their newest usable price up to a session.
PRICED = """
    SELECT s.symbol, s.id, s.security_type, d.close::float8, d.date
    FROM securities AS s
    CROSS JOIN LATERAL (
        SELECT close, date FROM daily_prices WHERE security_id = s.id AND date <= %(session)s AND quality = 'ok'
        ORDER BY date DESC LIMIT 1
    ) AS d
    WHERE s.symbol = ANY(%(symbols)s) AND s.security_type NOT IN ('index', 'option')
"""


@dataclass(frozen=True, slots=True)
class Trade:
    """Shares or contracts to buy (positive) or sell (negative); selling more than is held goes short."""

    symbol: str
    quantity: float


@dataclass(frozen=True, slots=True)
class PricedTrade:
    """A trade with the price it is made at, dollars per share, its day, and what changes hands: positive if paid."""

    symbol: str
    quantity: float
    price: float
    price_date: dt.date
    dollars: float


@dataclass(frozen=True, slots=True)
class _Security:
    id: int
    security_type: str
    price: float
    day: dt.date


@dataclass(frozen=True)
class TradedBook:
    """A book at its session before and after trades, with the securities both move with; `holdings`, `facts` and `books` are pairs."""

    session: dt.date
    universe: Universe
    contracts: ContractFacts
    holdings: tuple[Holdings, Holdings]
    facts: tuple[LotFacts, LotFacts]
    books: tuple[Book, Book]
    trades: tuple[PricedTrade, ...]

    @property
    def equity(self) -> float:
        """Trades at the mark do not change it."""
        return float(self.holdings[0].equity[0])


def traded_book(portfolio_id: UUID, session: dt.date, trades: Sequence[Trade]) -> TradedBook | None:
    """The book as stored at a session, and the same after the trades at that session's prices; None if none is stored.

    Stocks and funds with prices can be traded, held or not; of contracts those the book holds, whose values the night computed.

    Raises
    ------
    DomainError for what cannot be traded here, and for a trade of nothing.
    """
    if any(not np.isfinite(trade.quantity) or trade.quantity == 0 for trade in trades):
        raise DomainError("nothing_traded", "Give every trade a quantity: positive to buy, negative to sell.")
    priced = _priced({trade.symbol for trade in trades}, session)
    needed = np.union1d(
        needed_securities([portfolio_id]), np.array([one.id for one in priced.values()], dtype=np.int64)
    )
    universe = load_universe(needed)
    facts, contracts = load_lots([portfolio_id], universe)
    held = load_holdings([portfolio_id], facts, session, session).get(session)
    if held is None:
        return None
    values = load_contract_values(contracts, session, session).get(session) or no_contract_values(
        len(contracts.security)
    )
    after, more, done = held, facts, []
    for trade in trades:
        after, more, made = _traded(after, more, trade, priced.get(trade.symbol), universe, values, session)
        done.append(made)
    return TradedBook(
        session=session,
        universe=universe,
        contracts=contracts,
        holdings=(held, after),
        facts=(facts, more),
        books=(lay_out(held, facts, contracts, values, universe), lay_out(after, more, contracts, values, universe)),
        trades=tuple(done),
    )


def _priced(symbols: set[str], session: dt.date) -> dict[str, _Security]:
    with connection.cursor() as cursor:
        cursor.execute(PRICED, {"symbols": list(symbols), "session": session})
        return {row[0]: _Security(*row[1:]) for row in cursor.fetchall()}


def _traded(
    held: Holdings, facts: LotFacts, trade: Trade, known: _Security | None, universe: Universe, values: ContractValues,
    session: dt.date,
) -> tuple[Holdings, LotFacts, PricedTrade]:  # fmt: skip
    """The holdings after one trade: lots of the other side are given up first, what is left is a lot of its own."""
    mine = np.flatnonzero((facts.names[held.lot] == trade.symbol) & ~facts.is_private[held.lot])
    like = int(held.lot[mine[0]]) if len(mine) else None
    if like is not None and facts.is_option[like] and np.isnan(values.volatility[facts.contract[like]]):
        raise DomainError(
            "no_contract_value", f"{trade.symbol} has no value of that session: it cannot be traded here."
        )
    option = like is not None and bool(facts.is_option[like])
    if not option and (known is None or universe.columns(np.array([known.id]))[0] < 0):
        raise DomainError(
            "not_tradable",
            f"{trade.symbol} cannot be traded here: name a stock or fund that has prices, or a contract this book holds.",
        )
    price = known.price if like is None else float(held.price[mine[0]])  # type: ignore[union-attr]
    day = session if known is None else known.day
    multiplier = float(facts.multiplier[like]) if like is not None else 1.0
    quantity, left = held.quantity.copy(), trade.quantity
    for place in mine.tolist():
        if quantity[place] * left < 0:
            given_up = float(np.sign(left)) * min(abs(left), abs(float(quantity[place])))
            quantity[place] += given_up
            left -= given_up
    held = replace(held, quantity=quantity, market_value=_scaled(held.market_value, held.quantity, quantity))
    if left:
        facts = _with_lot(facts, trade.symbol, like, known, universe)
        held = _with_holding(held, len(facts.id) - 1, left, price, multiplier)
    dollars = trade.quantity * multiplier * price
    return held, facts, PricedTrade(trade.symbol, trade.quantity, price, day, round(dollars, 2))


def _scaled(value: Floats, before: Floats, after: Floats) -> Floats:
    return np.where(before != 0, value * np.divide(after, before, out=np.zeros_like(after), where=before != 0), value)


def _with_lot(facts: LotFacts, symbol: str, like: int | None, known: _Security | None, universe: Universe) -> LotFacts:
    """The facts and those of a new lot: of the same security as lot `like`, else of a stock or fund."""
    if like is not None:
        place = np.append(np.arange(len(facts.id)), like)
        return replace(facts, **{name: getattr(facts, name)[place] for name in LotFacts.__dataclass_fields__})
    assert known is not None
    column = int(universe.columns(np.array([known.id]))[0])
    sector = int(universe.sector[column])
    if known.security_type in SECTOR_FUNDS:
        sector = ETFS
    elif sector < 0:
        sector = UNCLASSIFIED
    fresh = {
        "id": np.zeros(1, dtype=facts.id.dtype),
        "names": np.array([symbol], dtype=object),
        "symbol": np.array([facts.symbol.max(initial=-1) + 1]),
        "column": np.array([column]),
        "contract": np.array([-1]),
        "multiplier": np.ones(1),
        "is_option": np.zeros(1, dtype=bool),
        "is_private": np.zeros(1, dtype=bool),
        "sector": np.array([sector]),
        "proxy": np.array([-1]),
        "proxy_multiple": np.ones(1),
        "proxy_by_owner": np.zeros(1, dtype=bool),
    }
    return LotFacts(**{name: np.concatenate([getattr(facts, name), value]) for name, value in fresh.items()})


def _with_holding(held: Holdings, lot: int, quantity: float, price: float, multiplier: float) -> Holdings:
    value = quantity * multiplier * price
    return replace(
        held,
        portfolio=np.append(held.portfolio, 0),
        lot=np.append(held.lot, lot),
        quantity=np.append(held.quantity, quantity),
        price=np.append(held.price, price),
        market_value=np.append(held.market_value, value),
        usable=np.append(held.usable, True),
    )
