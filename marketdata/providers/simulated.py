"""The simulated market: the whole protocol, offline and reproducible. Everything it says carries the source `simulated`.

It passes exactly through the demo's entry prices on 2025-06-30 and splits NFLX ten for one on 2025-11-17. Any plausible
ticker has a price; symbols that begin with ZZ are not listed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np

from marketdata.providers.base import (
    Capability,
    DividendEvent,
    OptionContractTerms,
    OptionQuoteRow,
    Outcome,
    PriceAnswer,
    ProfileAnswer,
    Provider,
    SplitEvent,
    Statements,
    SymbolHistory,
    YieldPoint,
)
from marketdata.providers.simulated_companies import company_profile, company_statements
from marketdata.providers.simulated_options import contract_terms, quote_rows
from marketdata.providers.simulated_world import Floats, World, anchor_price, loadings, securities, world

TICKER = re.compile(r"[A-Z][A-Z0-9]{0,5}([.-][A-Z]{1,2})?")
UNLISTED_PREFIX = "ZZ"
SPLITS = {"NFLX": (np.datetime64("2025-11-17"), Decimal(10))}
CLOSE_ONLY = {"FXNAX", "FCNTX", "FMAGX", "VTIAX"}
VOLATILITY_INDEX = "VIX"
# Yields of 2025-06-30 in percent, and how much of a move of the long bond each takes.
CURVE = {
    "DGS1MO": (4.28, 0.15), "DGS3MO": (4.41, 0.20), "DGS6MO": (4.29, 0.30), "DGS1": (3.96, 0.45), "DGS2": (3.72, 0.65),
    "DGS5": (3.79, 0.85), "DGS10": (4.24, 0.95), "DGS30": (4.78, 1.0),
}  # fmt: skip
LONG_BOND_DURATION = 16.0
DIVIDEND_DAYS = 63


@lru_cache(maxsize=20_000)
def raw_path(seed: int, symbol: str) -> tuple[Floats, Floats, tuple[int, ...], tuple[Decimal, ...]]:
    """Unrounded raw closes (T,), split factor (T,), and the dividends as (session rows, amounts per share).

    A symbol goes ex-dividend every 63 sessions; the close falls by what is paid.
    """
    w = world(seed)
    if symbol == VOLATILITY_INDEX:
        level = anchor_price(seed, symbol) * np.exp(w.log_volatility - w.log_volatility[w.anchor])
        return level, np.ones(len(level)), (), ()
    growth = 1.0 + w.total_returns(symbol)
    loads = loadings(seed, symbol)
    factor = np.ones(len(growth))
    split = SPLITS.get(symbol)
    if split is not None:
        factor[w.sessions >= split[0]] = float(split[1])
    price_growth = growth.copy()
    ex: tuple[int, ...] = ()
    if loads.dividend_yield:
        start = sum(symbol.encode()) % DIVIDEND_DAYS
        ex = tuple(range(start + DIVIDEND_DAYS, len(growth), DIVIDEND_DAYS))
        price_growth[list(ex)] -= loads.dividend_yield / 4
    log_price = np.cumsum(np.log(price_growth))
    adjusted = anchor_price(seed, symbol) * np.exp(log_price - log_price[w.anchor])
    raw = adjusted * factor[w.anchor] / factor
    amounts = tuple(
        Decimal(str(round(float(raw[t - 1] * factor[t - 1] / factor[t] * loads.dividend_yield / 4), 4))) for t in ex
    )
    return raw, factor, ex, amounts


def _rounded(prices: Floats) -> Floats:
    return np.where(prices < 1, np.round(prices, 4), np.round(prices, 2))


class Simulated(Provider):
    """A market made of random numbers.

    Parameters
    ----------
    seed : the same seed gives the same market for ever.
    """

    name = "simulated"
    capabilities = frozenset(Capability)

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @property
    def _world(self) -> World:
        return world(self.seed)

    def knows(self, symbol: str) -> bool:
        listed = symbol in securities() or bool(TICKER.fullmatch(symbol))
        return listed and not symbol.startswith(UNLISTED_PREFIX) and "_" not in symbol

    def closes(self, symbol: str) -> Floats:
        """Raw closes as published, by session of the simulated world, (T,)."""
        raw, _, _, _ = raw_path(self.seed, symbol)
        rounded = _rounded(raw)
        # The anchor may have more decimals than a published close.
        rounded[self._world.anchor] = raw[self._world.anchor]
        return rounded

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        w = self._world
        low = int(np.searchsorted(w.sessions, np.datetime64(start), side="left"))
        high = int(np.searchsorted(w.sessions, np.datetime64(end), side="right"))
        answer = PriceAnswer()
        for symbol in symbols:
            if self.knows(symbol):
                answer.histories[symbol] = self._history(symbol, low, high)
            else:
                answer.failures[symbol] = (Outcome.NOT_FOUND, f"{symbol} is not listed on the simulated market")
        return answer

    def _history(self, symbol: str, low: int, high: int) -> SymbolHistory:
        w = self._world
        raw, factor, ex, amounts = raw_path(self.seed, symbol)
        close = self.closes(symbol)[low:high]
        previous = np.concatenate([raw[:1], raw[:-1] * factor[:-1] / factor[1:]])[low:high]
        if symbol in CLOSE_ONLY:
            nothing = np.full(high - low, np.nan)
            opened = highest = lowest = volume = nothing
        else:
            share = np.clip(0.3 + 0.25 * w.draws(f"open {symbol}")[low:high], 0.0, 1.0)
            opened = _rounded(previous * (close / previous) ** share)
            swing = (
                np.maximum(loadings(self.seed, symbol).own_volatility, 0.08)
                / np.sqrt(252)
                * w.volatility_scale[low:high]
            )
            reach = np.abs(w.draws(f"range {symbol}")[low:high]) * swing * 0.8
            depth = np.abs(w.draws(f"depth {symbol}")[low:high]) * swing * 0.8
            highest = np.maximum(_rounded(np.maximum(opened, close) * (1 + reach)), np.maximum(opened, close))
            lowest = np.minimum(_rounded(np.minimum(opened, close) * (1 - depth)), np.minimum(opened, close))
            volume = np.rint(np.exp(15.5 + 0.35 * w.draws(f"volume {symbol}")[low:high]) * w.volatility_scale[low:high])
            if symbol == VOLATILITY_INDEX:
                volume = np.full(high - low, np.nan)
        split = SPLITS.get(symbol)
        inside = split is not None and low < high and w.sessions[low] <= split[0] <= w.sessions[high - 1]
        return SymbolHistory(
            symbol, self.name, w.sessions[low:high].copy(), opened, highest, lowest, close, volume,
            splits=(SplitEvent(split[0].item(), split[1]),) if split is not None and inside else (),  # type: ignore[arg-type]
            dividends=tuple(
                DividendEvent(w.sessions[t].item(), amount) for t, amount in zip(ex, amounts, strict=True) if low <= t < high and amount
            ),
        )  # fmt: skip

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> ProfileAnswer:
        return ProfileAnswer(
            {s: company_profile(self.seed, s, self._close_on(s, as_of), as_of) for s in symbols if self.knows(s)}
        )

    def fundamentals(self, symbol: str, as_of: dt.date) -> Statements:
        if not self.knows(symbol):
            return Statements(symbol, self.name)
        return company_statements(self.seed, symbol, as_of)

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        return contract_terms(underlying, self._close_on(underlying, as_of), as_of) if self.knows(underlying) else ()

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        quotes: list[OptionQuoteRow] = []
        for contract in contracts:
            if self.knows(contract.underlying):
                _, factor, _, _ = raw_path(self.seed, contract.underlying)
                quotes.extend(quote_rows(self.seed, contract, self.closes(contract.underlying), factor, start, end))
        return tuple(quotes)

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        w = self._world
        inside = (w.sessions >= np.datetime64(start)) & (w.sessions <= np.datetime64(end))
        moves = -np.cumsum(w.styles["rates"]) / LONG_BOND_DURATION * 100
        points: list[YieldPoint] = []
        for series in series_ids:
            if series in CURVE:
                level, share = CURVE[series]
                percents = np.maximum(level + share * (moves - moves[w.anchor]), 0.05)[inside]
                days = w.sessions[inside].tolist()
                points.extend(
                    YieldPoint(series, d, Decimal(f"{p:.2f}")) for d, p in zip(days, percents.tolist(), strict=True)
                )
        return tuple(points)

    def _close_on(self, symbol: str, day: dt.date) -> float:
        row = int(np.searchsorted(self._world.sessions, np.datetime64(day), side="right")) - 1
        return float(self.closes(symbol)[row])
