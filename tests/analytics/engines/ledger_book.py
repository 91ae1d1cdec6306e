"""A readable way to write down a book for the ledger: sessions by number, symbols by name, prices as quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from analytics.engines.ledger import (
    NEVER,
    Dividends,
    Flows,
    LedgerInputs,
    LedgerState,
    Lots,
    Splits,
    Trades,
    Valuations,
    to_micro,
)
from analytics.engines.ledger_events import split_integers

Number = float | int | str | Decimal


def _ints(values: Sequence[Any]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _micro(values: Sequence[Number]) -> np.ndarray:
    return to_micro([Decimal(str(value)) for value in values]) if values else np.zeros(0, dtype=np.int64)


@dataclass
class Book:
    """Lots, trades and events of some portfolios against the closes of some symbols (None: no close)."""

    closes: Mapping[str, Sequence[Number | None]]
    portfolios: list[tuple[Number, int]] = field(default_factory=list)
    lots: list[dict[str, Any]] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    splits: list[tuple[int, str, Number]] = field(default_factory=list)
    dividends: list[tuple[int, str, Number]] = field(default_factory=list)
    flows: list[tuple[int, int, Number]] = field(default_factory=list)
    valuations: list[tuple[int, int, Number]] = field(default_factory=list)

    def portfolio(self, opening_equity: Number, start: int = 0) -> int:
        self.portfolios.append((opening_equity, start))
        return len(self.portfolios) - 1

    def lot(
        self, portfolio: int, symbol: str | None, quantity: Number, price: Number, session: int, **terms: Any
    ) -> int:
        """A lot and its opening trade. `symbol` None: a private holding."""
        fees, units = terms.pop("fees", 0), terms.pop("units", (1, 1))
        self.lots.append({"portfolio": portfolio, "symbol": symbol, **terms})
        lot = len(self.lots) - 1
        self._trade(lot, session, quantity, price, fees, opening=True, units=units)
        return lot

    def option(self, portfolio: int, symbol: str, quantity: Number, price: Number, session: int, **terms: Any) -> int:
        """`underlying`, `strike`, `expiry` (session) and `call` (bool) are the terms."""
        return self.lot(portfolio, symbol, quantity, price, session, multiplier=100, **terms)

    def close(
        self,
        lot: int,
        session: int,
        quantity: Number,
        price: Number | None,
        fees: Number = 0,
        units: tuple[int, int] = (1, 1),
    ) -> None:
        """A closing trade; the quantity is the signed change, no price means the session's mark."""
        self._trade(lot, session, quantity, price, fees, opening=False, units=units)

    def _trade(
        self, lot: int, session: int, quantity: Number, price: Any, fees: Number, *, opening: bool, units: Any
    ) -> None:
        self.trades.append(
            {
                "lot": lot,
                "session": session,
                "quantity": quantity,
                "price": price,
                "fees": fees,
                "opening": opening,
                "units": units,
            }
        )

    def _lots(self, column: Mapping[str | None, int]) -> Lots:
        lots = self.lots
        return Lots(
            portfolio=_ints([lot["portfolio"] for lot in lots]),
            multiplier=_floats([lot.get("multiplier", 1) for lot in lots]),
            price_row=_ints([column[lot["symbol"]] for lot in lots]),
            underlying_row=_ints([column[lot.get("underlying")] for lot in lots]),
            strike=_floats([lot.get("strike") for lot in lots]),
            option_sign=_ints([0 if "call" not in lot else 1 if lot["call"] else -1 for lot in lots]),
            expiry=_ints([lot.get("expiry", NEVER) for lot in lots]),
            deleted=_ints([lot.get("deleted", NEVER) for lot in lots]),
        )

    def inputs(self, first: int = 0, through: int | None = None, state: LedgerState | None = None) -> LedgerInputs:
        """The roll of the sessions from `first` to `through` (the last one)."""
        symbols = list(self.closes)
        column: dict[str | None, int] = {symbol: place for place, symbol in enumerate(symbols)} | {None: -1}
        closes = np.column_stack([_floats(self.closes[symbol]) for symbol in symbols])
        trades, splits, dividends = self.trades, self.splits, self.dividends
        new, old = split_integers([Decimal(str(ratio)) for _, _, ratio in splits])
        return LedgerInputs(
            closes=closes if through is None else closes[: through + 1],
            first=first,
            start=_ints([start for _, start in self.portfolios]),
            opening_equity=_micro([opening for opening, _ in self.portfolios]),
            lots=self._lots(column),
            trades=Trades(
                lot=_ints([trade["lot"] for trade in trades]),
                session=_ints([trade["session"] for trade in trades]),
                quantity=_floats([trade["quantity"] for trade in trades]),
                price=_floats([trade["price"] for trade in trades]),
                fees=_micro([trade["fees"] for trade in trades]),
                opening=np.array([trade["opening"] for trade in trades], dtype=bool),
                units_new=_ints([trade["units"][0] for trade in trades]),
                units_old=_ints([trade["units"][1] for trade in trades]),
            ),
            splits=Splits(
                _ints([s for s, _, _ in splits]), _ints([column[symbol] for _, symbol, _ in splits]), new, old
            ),
            dividends=Dividends(
                _ints([s for s, _, _ in dividends]),
                _ints([column[symbol] for _, symbol, _ in dividends]),
                _floats([amount for _, _, amount in dividends]),
            ),
            flows=Flows(
                _ints([p for p, _, _ in self.flows]),
                _ints([s for _, s, _ in self.flows]),
                _micro([a for _, _, a in self.flows]),
            ),
            valuations=Valuations(
                _ints([lot for lot, _, _ in self.valuations]),
                _ints([s for _, s, _ in self.valuations]),
                _floats([price for _, _, price in self.valuations]),
            ),
            state=state,
        )
