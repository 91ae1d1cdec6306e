"""The figures of a portfolio that can be explained: where each is stored, who computes it, from what and by which formula."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT
from analytics.batch.book_results import CORRELATION_DAYS, HISTORY
from analytics.batch.books import BETA_MINIMUM, BETA_WINDOW
from analytics.engines import volatility
from analytics.engines.correlation import MIN_OVERLAP
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM

AGGREGATION, LEDGER, FACTORS, CORRELATIONS = (
    "portfolio_aggregation",
    "portfolio_snapshot",
    "factor_analysis",
    "position_correlations",
)


@dataclass(frozen=True)
class Measure:
    """unit : "usd", "fraction", "ratio" or "index". table, column : where it is stored. engine : its name in `EngineResult.results`, `part`
    of its document counts the observations. window, minimum : sessions, None where it is of one session alone. source : literature.
    """

    title: str
    unit: str
    table: str
    column: str
    engine: str
    formula: str
    window: int | None = None
    minimum: int | None = None
    part: str | None = None
    source: str = ""


SNAPSHOT, RISK, CORRELATION = "portfolio_snapshots", "portfolio_risk", "correlation_calculations"
ACERBI = "Acerbi and Tasche (2002)"
DELTA = "delta dollars: stocks at market value, contracts at quantity x multiplier x delta x price of the underlying"


def _tail(name: str, level: int, column: str) -> Measure:
    what = f"interpolated {100 - level} % quantile" if name == "Value at risk" else f"mean of the worst {100 - level} %"
    return Measure(
        f"{name}, one session, {level} %",
        "usd",
        RISK,
        column,
        AGGREGATION,
        f"{what} of today's holdings under the returns of each of the past {LOOKBACK} sessions, contracts revalued in full, "
        "as a positive loss",
        LOOKBACK,
        MINIMUM,
        "value_at_risk",
        ACERBI,
    )


MEASURES = {
    "net_asset_value": Measure(
        "Net asset value", "usd", SNAPSHOT, "net_asset_value", LEDGER,
        "opening equity + cumulative P&L + cumulative deposits less withdrawals; equal to cash + market value of all positions",
    ),
    "cash": Measure("Cash", "usd", SNAPSHOT, "cash_value", LEDGER, "net asset value - net exposure"),
    "daily_pnl": Measure(
        "P&L of the day", "usd", SNAPSHOT, "daily_pnl", LEDGER,
        "change of market values + realised P&L of the day's trades + dividends - fees; deposits and withdrawals are no P&L",
    ),
    "daily_return": Measure(
        "Return of the day", "fraction", SNAPSHOT, "daily_return", LEDGER, "P&L of the day / net asset value of the session before",
    ),
    "drawdown": Measure(
        "Drawdown", "fraction", SNAPSHOT, "drawdown", LEDGER, "chained daily returns / their highest value so far - 1",
    ),
    "gross_exposure": Measure(
        "Gross exposure", "usd", SNAPSHOT, "gross_exposure", LEDGER, "sum of |signed quantity x price x multiplier| over all open lots",
    ),
    "net_exposure": Measure(
        "Net exposure", "usd", SNAPSHOT, "net_exposure", LEDGER, "sum of signed quantity x price x multiplier over all open lots",
    ),
    "net_delta_exposure": Measure(
        "Net exposure with options at their delta", "usd", SNAPSHOT, "net_delta_exposure", AGGREGATION, f"sum of {DELTA}",
        source="Black and Scholes (1973); Merton (1973)",
    ),
    "market_beta": Measure(
        "Market beta", "ratio", SNAPSHOT, "beta_calculated_90d", FACTORS,
        f"sum over symbols of {DELTA}, times the symbol's least-squares beta on SPY, over net asset value",
        BETA_WINDOW, BETA_MINIMUM, source="Sharpe (1963)",
    ),
    "provider_beta": Measure(
        "Provider's beta", "ratio", SNAPSHOT, "beta_provider_1y", FACTORS,
        "sum over stocks and funds of market value times the beta the provider quotes, over net asset value; contracts are left out",
    ),
    "realized_volatility_21d": Measure(
        "Realised volatility, 21 sessions", "fraction", SNAPSHOT, "realized_volatility_21d", AGGREGATION,
        "standard deviation of the daily returns of today's holdings x sqrt(252)", 21, 17, "volatility",
    ),
    "realized_volatility_63d": Measure(
        "Realised volatility, 63 sessions", "fraction", SNAPSHOT, "realized_volatility_63d", AGGREGATION,
        "standard deviation of the daily returns of today's holdings x sqrt(252)", 63, 51, "volatility",
    ),
    "expected_volatility_21d": Measure(
        "Expected volatility of the next 21 sessions", "fraction", SNAPSHOT, "expected_volatility_21d", AGGREGATION,
        "regression of the log variance of the coming 21 sessions on that of the day, week and month (HAR), of today's holdings; with "
        f"fewer than {volatility.HAR_MINIMUM} sessions exponentially weighted variance (0.94)",
        HISTORY, volatility.FORECAST_MINIMUM, "volatility", "Corsi (2009)",
    ),
    "var_95_1d": _tail("Value at risk", 95, "var_95_1d"),
    "es_95_1d": _tail("Expected shortfall", 95, "es_95_1d"),
    "var_99_1d": _tail("Value at risk", 99, "var_99_1d"),
    "es_99_1d": _tail("Expected shortfall", 99, "es_99_1d"),
    "daily_volatility": Measure(
        "Volatility of a session", "usd", RISK, "volatility_daily", AGGREGATION,
        f"standard deviation of what today's holdings would have made on each of the past {LOOKBACK} sessions",
        LOOKBACK, MINIMUM, "value_at_risk", "Tasche (1999) for what positions add to it",
    ),
    "hhi": Measure(
        "Herfindahl index", "index", SNAPSHOT, "hhi", AGGREGATION,
        "10,000 x sum over symbols of (|market value| / gross market value) squared",
    ),
    "top_3_concentration": Measure(
        "Share of the three largest", "fraction", SNAPSHOT, "top_3_concentration", AGGREGATION,
        "|market value| of the three largest symbols / gross market value",
    ),
    "portfolio_correlation": Measure(
        "Mean correlation", "ratio", CORRELATION, "portfolio_correlation", CORRELATIONS,
        "mean size of the pairwise correlations of log returns, weighted by the product of gross values, of holdings of at least "
        f"${LEAST_VALUE:,.0f} and {100 * LEAST_WEIGHT:.0f} % of the book",
        CORRELATION_DAYS, MIN_OVERLAP,
    ),
}  # fmt: skip
