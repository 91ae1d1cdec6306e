"""The random numbers behind the simulated market: a factor model with moving volatility and fat tails.

Every draw belongs to a calendar day, so a session's numbers depend on the seed and its date alone, whatever range is asked
for. Paths are anchored at the demo's session (2025-06-30), where the demo's entry prices are met exactly.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from sigmasight.core.demo import DEMO_SESSION, rows

Floats = NDArray[np.float64]

FIRST_DAY = np.datetime64("2012-01-01")
LAST_DAY = np.datetime64("2035-12-31")
YEAR = 252.0
TAIL_DEGREES = 5
# Annual volatilities of the style factors (long-short) and of long Treasuries.
STYLES = {"growth_value": 0.08, "momentum": 0.09, "size": 0.09, "quality": 0.04, "low_volatility": 0.05, "rates": 0.13}
SECTORS = {
    "Technology": 0.10, "Financials": 0.10, "Healthcare": 0.11, "Consumer Discretionary": 0.10, "Consumer Staples": 0.09,
    "Energy": 0.19, "Industrials": 0.08, "Materials": 0.11, "Real Estate": 0.13, "Utilities": 0.13,
    "Communication Services": 0.10,
}  # fmt: skip
MARKET_VOLATILITY = 0.16
MARKET_DRIFT = 0.09


@dataclass(frozen=True)
class Loadings:
    """How a symbol moves: exposure to the market, the styles and its sector, its own volatility and yield (a year)."""

    market: float
    styles: dict[str, float]
    sector: str
    sector_loading: float
    own_volatility: float
    dividend_yield: float
    drift: float = 0.0


FUNDS: dict[str, Loadings] = {
    "SPY": Loadings(1.0, {}, "", 0.0, 0.0, 0.012),
    "VTI": Loadings(1.01, {"size": 0.08}, "", 0.0, 0.004, 0.012),
    "QQQ": Loadings(1.08, {"growth_value": 0.45, "momentum": 0.1}, "Technology", 0.35, 0.02, 0.005),
    "VTV": Loadings(0.98, {"growth_value": -0.5}, "", 0.0, 0.01, 0.022),
    "VUG": Loadings(0.98, {"growth_value": 0.5}, "", 0.0, 0.01, 0.005),
    "MTUM": Loadings(1.0, {"momentum": 1.0}, "", 0.0, 0.01, 0.008),
    "QUAL": Loadings(1.0, {"quality": 1.0}, "", 0.0, 0.01, 0.01),
    "IWM": Loadings(1.05, {"size": 1.0}, "", 0.0, 0.01, 0.012),
    "SIZE": Loadings(0.98, {"size": 0.4}, "", 0.0, 0.015, 0.014),
    "USMV": Loadings(0.72, {"low_volatility": 1.0}, "", 0.0, 0.01, 0.016),
    "TLT": Loadings(-0.05, {"rates": 1.0}, "", 0.0, 0.005, 0.042, -0.06),
    "IEF": Loadings(-0.02, {"rates": 0.42}, "", 0.0, 0.005, 0.036, -0.02),
    "SHY": Loadings(0.0, {"rates": 0.08}, "", 0.0, 0.003, 0.039),
    "BND": Loadings(0.02, {"rates": 0.40}, "", 0.0, 0.006, 0.037),
    "HYG": Loadings(0.42, {"rates": 0.15}, "", 0.0, 0.03, 0.057),
    "LQD": Loadings(0.18, {"rates": 0.55}, "", 0.0, 0.02, 0.044),
    "BIL": Loadings(0.0, {"rates": 0.004}, "", 0.0, 0.001, 0.045),
    "GLD": Loadings(0.05, {"rates": 0.25}, "", 0.0, 0.14, 0.0),
    "DJP": Loadings(0.20, {}, "Energy", 0.35, 0.12, 0.0),
    "VNQ": Loadings(0.90, {"rates": 0.25}, "Real Estate", 1.0, 0.02, 0.039),
    "SMH": Loadings(1.35, {"growth_value": 0.5, "momentum": 0.3}, "Technology", 1.2, 0.14, 0.004),
    "IGV": Loadings(1.15, {"growth_value": 0.5}, "Technology", 0.7, 0.11, 0.0),
    "SCHD": Loadings(0.78, {"growth_value": -0.45, "low_volatility": 0.3}, "", 0.0, 0.05, 0.038),
    "JEPQ": Loadings(0.80, {"growth_value": 0.3}, "Technology", 0.2, 0.03, 0.10),
    "FXNAX": Loadings(0.02, {"rates": 0.40}, "", 0.0, 0.004, 0.03),
    "FCNTX": Loadings(1.02, {"growth_value": 0.35, "momentum": 0.2}, "", 0.0, 0.03, 0.0),
    "FMAGX": Loadings(1.05, {"growth_value": 0.4, "momentum": 0.15}, "", 0.0, 0.04, 0.0),
    "VTIAX": Loadings(0.80, {"growth_value": -0.15}, "", 0.0, 0.08, 0.028),
}
SECTOR_FUNDS = {
    "XLK": "Technology", "XLF": "Financials", "XLV": "Healthcare", "XLY": "Consumer Discretionary", "XLP": "Consumer Staples",
    "XLE": "Energy", "XLI": "Industrials", "XLB": "Materials", "XLRE": "Real Estate", "XLU": "Utilities",
    "XLC": "Communication Services",
}  # fmt: skip
SECTOR_BETAS = {
    "Technology": 1.2, "Financials": 1.0, "Healthcare": 0.7, "Consumer Discretionary": 1.2, "Consumer Staples": 0.55,
    "Energy": 0.8, "Industrials": 1.0, "Materials": 0.95, "Real Estate": 0.85, "Utilities": 0.5, "Communication Services": 1.0,
}  # fmt: skip
# Closes of 2025-06-30 of what is collected but not held by a demo book.
ANCHORS = {
    "VTV": 176.74, "VUG": 438.40, "MTUM": 240.34, "QUAL": 182.82, "IWM": 215.79, "SIZE": 151.0, "USMV": 93.87, "TLT": 88.25,
    "IEF": 95.77, "SHY": 82.86, "HYG": 80.65, "LQD": 109.61, "VIX": 16.73, "XLF": 52.37, "XLV": 134.79, "XLP": 80.97,
    "XLE": 84.81, "XLI": 147.52, "XLB": 87.81, "XLRE": 41.42, "XLU": 81.66, "XLC": 108.53,
}  # fmt: skip


def rng(seed: int, name: str) -> np.random.Generator:
    """A generator that depends on the seed and a name alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


class World:
    """Factor paths of one seed over all sessions from 2012 to 2035."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        days = np.arange(FIRST_DAY, LAST_DAY + 1)
        sessions = calendar.session_array()
        self.sessions = sessions[(sessions >= FIRST_DAY) & (sessions <= LAST_DAY)]
        self.days = len(days)
        self._day_of_session = (self.sessions - FIRST_DAY).astype(int)
        self.anchor = int(np.searchsorted(self.sessions, np.datetime64(DEMO_SESSION)))
        # Log volatility: a slow and a fast mean-reverting part, so that forecasts have something to forecast.
        slow = self._reverting("volatility-slow", 0.985, 0.28)
        fast = self._reverting("volatility-fast", 0.90, 0.18)
        self.log_volatility = slow + fast
        self.volatility_scale = np.exp(self.log_volatility - 0.5 * (0.28**2 + 0.18**2))
        market_noise = self.tails("market") * MARKET_VOLATILITY / np.sqrt(YEAR) * self.volatility_scale
        self.market = MARKET_DRIFT / YEAR + market_noise
        half = np.sqrt(self.volatility_scale)
        self.styles = {name: self.tails(name) * size / np.sqrt(YEAR) * half for name, size in STYLES.items()}
        self.sectors = {
            name: self.tails(f"sector {name}") * size / np.sqrt(YEAR) * half for name, size in SECTORS.items()
        }

    def draws(self, name: str) -> Floats:
        """Standard normals by session, (T,)."""
        return rng(self.seed, name).standard_normal(self.days)[self._day_of_session]

    def tails(self, name: str) -> Floats:
        """Student-t draws of unit variance by session, (T,)."""
        generator = rng(self.seed, name)
        return generator.standard_t(TAIL_DEGREES, self.days)[self._day_of_session] * np.sqrt(
            (TAIL_DEGREES - 2) / TAIL_DEGREES
        )

    def _reverting(self, name: str, persistence: float, spread: float) -> Floats:
        """A stationary first-order autoregression with standard deviation `spread`, one step a calendar day."""
        noise = rng(self.seed, name).standard_normal(self.days) * spread * np.sqrt(1 - persistence**2)
        path = np.empty(self.days)
        level = 0.0
        for day, step in enumerate(noise.tolist()):
            level = persistence * level + step
            path[day] = level
        return path[self._day_of_session]

    def total_returns(self, symbol: str) -> Floats:
        """Daily total returns of a symbol, fractions, (T,)."""
        loads = loadings(self.seed, symbol)
        result = loads.market * self.market + (loads.drift / YEAR)
        for name, load in loads.styles.items():
            result = result + load * self.styles[name]
        if loads.sector:
            result = result + loads.sector_loading * self.sectors[loads.sector]
        if loads.own_volatility:
            own = self.tails(f"own {symbol}") * loads.own_volatility / np.sqrt(YEAR)
            result = result + own * np.sqrt(self.volatility_scale)
        return np.clip(result, -0.35, 0.35)


@lru_cache(maxsize=4)
def world(seed: int) -> World:
    return World(seed)


@lru_cache(maxsize=1)
def securities() -> dict[str, dict[str, str]]:
    """The reference rows of known symbols."""
    return {row["symbol"]: row for row in rows("security_sectors") if row["security_type"] != "private"}


@lru_cache(maxsize=1)
def anchor_prices() -> dict[str, float]:
    """Closes on the demo's session: the demo's entry prices, and our own for what the demo does not hold."""
    held = {
        row["symbol"]: float(row["entry_price"]) for row in rows("positions") if row["investment_class"] == "PUBLIC"
    }
    return {**ANCHORS, **held}


@lru_cache(maxsize=100_000)
def loadings(seed: int, symbol: str) -> Loadings:
    """The loadings of a fund by its nature, of a stock by its sector with differences of its own."""
    if symbol in FUNDS:
        return FUNDS[symbol]
    if symbol in SECTOR_FUNDS:
        return Loadings(SECTOR_BETAS[SECTOR_FUNDS[symbol]], {}, SECTOR_FUNDS[symbol], 1.0, 0.01, 0.015)
    draw = rng(seed, f"loadings {symbol}")
    row = securities().get(symbol)
    sector = (
        row["sector_gics"] if row and row["sector_gics"] in SECTORS else list(SECTORS)[int(draw.integers(len(SECTORS)))]
    )
    normal = draw.standard_normal(6)
    growth = 0.6 if sector in ("Technology", "Communication Services", "Consumer Discretionary") else -0.3
    styles = {
        "growth_value": growth + 0.35 * normal[1], "momentum": 0.25 * normal[2], "size": 0.3 * normal[3] + 0.05,
        "quality": 0.3 * normal[4], "low_volatility": 0.3 * normal[5],
    }  # fmt: skip
    yield_ = float(draw.choice([0.0, 0.006, 0.012, 0.02, 0.03]))
    beta = max(0.25, SECTOR_BETAS[sector] + 0.2 * normal[0])
    return Loadings(
        beta, {k: float(v) for k, v in styles.items()}, sector, 0.8, float(draw.uniform(0.14, 0.34)), yield_
    )


def anchor_price(seed: int, symbol: str) -> float:
    """The raw close on the demo's session."""
    known = anchor_prices().get(symbol)
    return known if known is not None else round(float(np.exp(rng(seed, f"anchor {symbol}").uniform(2.7, 6.0))), 2)
