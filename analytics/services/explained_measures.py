"""The figures of a portfolio that can be explained: where each is stored, who computes it, from what and by which formula."""

from __future__ import annotations

from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT
from analytics.batch.book_results import CORRELATION_DAYS, HISTORY
from analytics.batch.books import BETA_MINIMUM, BETA_WINDOW
from analytics.engines import volatility
from analytics.engines.correlation import MIN_OVERLAP
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM
from analytics.services.explained_factors import OF_THE_FACTORS
from analytics.services.explained_model import MODEL
from analytics.services.explained_parts import PARTS
from analytics.services.explained_targets import OF_TARGETS
from analytics.services.measure import AGGREGATION, CORRELATIONS, FACTORS, LEDGER, RISK, SNAPSHOT, TARGETS, Measure

CORRELATION = "correlation_calculations"
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


def _ledger(title: str, column: str, formula: str, unit: str = "usd") -> Measure:
    return Measure(title, unit, SNAPSHOT, column, LEDGER, formula)


def _greek(title: str, column: str, formula: str) -> Measure:
    return Measure(
        title, "usd", SNAPSHOT, column, AGGREGATION, formula, source="Black and Scholes (1973); Merton (1973)"
    )


def _target(title: str, column: str, dollars: str) -> Measure:
    formula = "100 x what positions with such a target would make there / the sum of their |market value|"
    return Measure(
        title,
        "percent",
        SNAPSHOT,
        column,
        TARGETS,
        formula,
        without="no_target_prices",
        facts={
            "dollars": f"t.{dollars}",
            "coverage_pct": "t.target_price_coverage_pct",
            "positions_with_targets": "t.target_price_positions_count",
            "positions": "t.target_price_total_positions",
            "targets_updated": "t.target_price_last_updated",
        },
    )


def _correlation(title: str, unit: str, column: str, formula: str, **facts: str) -> Measure:
    more = {name: f"t.{name}" for name in ("positions_included", "positions_excluded", "data_quality")} | facts
    return Measure(title, unit, CORRELATION, column, CORRELATIONS, formula, CORRELATION_DAYS, MIN_OVERLAP, facts=more)


OF_THE_BOOK = {
    "net_asset_value": Measure(
        "Net asset value", "usd", SNAPSHOT, "net_asset_value", LEDGER,
        "opening equity + cumulative P&L + cumulative deposits less withdrawals; equal to cash + market value of all positions",
        facts={
            "quality": "t.nav_quality", "stale_prices": "t.stale_count", "missing_prices": "t.missing_count", "large_flow": "t.large_flow",
            "lots": "t.num_positions", "long_lots": "t.num_long_positions", "short_lots": "t.num_short_positions",
        },
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
        facts={
            "r_squared": "t.beta_calculated_90d_r_squared", "observations": "t.beta_calculated_90d_observations",
            "coverage": "t.beta_coverage",
        },
    ),
    "provider_beta": Measure(
        "Provider's beta", "ratio", SNAPSHOT, "beta_provider_1y", FACTORS,
        "sum over stocks and funds of market value times the beta the provider quotes, over net asset value; contracts are left out",
    ),
    "realized_volatility_21d": Measure(
        "Realised volatility, 21 sessions", "fraction", SNAPSHOT, "realized_volatility_21d", AGGREGATION,
        "standard deviation of the daily returns of today's holdings x sqrt(252)", 21, 17, "volatility",
        facts={"trend": "t.volatility_trend"},
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
    "long_value": _ledger("Long market value", "long_value", "sum of the market values of lots bought"),
    "short_value": _ledger("Short market value", "short_value", "sum of the market values of lots sold short, negative"),
    "daily_unrealized_pnl": _ledger(
        "Unrealised P&L of the day", "daily_unrealized_pnl", "change of the day in market value less entry value of what is held",
    ),
    "daily_realized_pnl": _ledger(
        "Realised P&L of the day", "daily_realized_pnl", "proceeds less entry value of what was closed on the day",
    ),
    "daily_income": _ledger("Income of the day", "daily_income", "dividends received on long lots less those owed on short ones"),
    "daily_fees": _ledger("Fees of the day", "daily_fees", "fees of the day's trades"),
    "daily_capital_flow": _ledger("Capital flow of the day", "daily_capital_flow", "deposits less withdrawals, at the end of the day"),
    "cumulative_pnl": _ledger("P&L since the start", "cumulative_pnl", "sum of the P&L of all days"),
    "cumulative_realized_pnl": _ledger("Realised P&L since the start", "cumulative_realized_pnl", "sum of the realised P&L of all days"),
    "cumulative_capital_flow": _ledger("Capital flows since the start", "cumulative_capital_flow", "deposits less withdrawals of all days"),
    "return_index": _ledger("Return index", "twr_index", "product of 1 + daily return, 1 before the first session", "index"),
    "gross_delta_exposure": Measure(
        "Gross exposure with options at their delta", "usd", SNAPSHOT, "gross_delta_exposure", AGGREGATION, f"sum of |{DELTA}|",
        source="Black and Scholes (1973); Merton (1973)",
    ),
    "true_notional": Measure(
        "Dollars controlled", "usd", SNAPSHOT, "true_notional", AGGREGATION,
        "sum of |quantity x price x multiplier|, for contracts at the price of the underlying",
    ),
    "portfolio_delta": _greek("Delta dollars", "portfolio_delta", f"sum of {DELTA}"),
    "portfolio_gamma": _greek("Gamma dollars", "portfolio_gamma", "change of the contracts' delta dollars for 1 % of the underlyings"),
    "portfolio_theta": _greek("Theta dollars", "portfolio_theta", "change of the contracts' value for a calendar day"),
    "portfolio_vega": _greek("Vega dollars", "portfolio_vega", "change of the contracts' value for a point of volatility"),
    "regression_beta": Measure(
        "Beta of the book's own series", "ratio", SNAPSHOT, "beta_portfolio_regression", FACTORS,
        "slope of the daily returns of today's holdings on those of SPY by least squares; the check of market_beta",
        BETA_WINDOW, BETA_MINIMUM, source="Sharpe (1963)",
    ),
    "volatility_percentile": Measure(
        "Percentile of volatility", "fraction", SNAPSHOT, "volatility_percentile", AGGREGATION,
        f"middle rank of today's realised volatility of 21 sessions among the last {volatility.PERCENTILE_WINDOW} of its kind",
        volatility.PERCENTILE_WINDOW + volatility.MONTH - 1, volatility.PERCENTILE_MINIMUM + volatility.MONTH - 1, "volatility",
    ),
    "effective_num_positions": Measure(
        "Effective number of positions", "ratio", SNAPSHOT, "effective_num_positions", AGGREGATION, "10,000 / hhi",
    ),
    "top_10_concentration": Measure(
        "Share of the ten largest", "fraction", SNAPSHOT, "top_10_concentration", AGGREGATION,
        "|market value| of the ten largest symbols / gross market value",
    ),
    "target_return_eoy": _target(
        "Expected return by the targets for the end of the year", "target_price_return_eoy", "target_price_upside_eoy_dollars",
    ),
    "target_return_next_year": _target(
        "Expected return by the targets for next year", "target_price_return_next_year", "target_price_upside_next_year_dollars",
    ),
    "target_return_downside": _target(
        "Expected return by the downside targets", "target_price_downside_return", "target_price_downside_dollars",
    ),
    "overall_correlation": _correlation(
        "Mean correlation, all pairs alike", "ratio", "overall_correlation", "mean size of the pairwise correlations of log returns",
    ),
    "correlation_concentration": _correlation(
        "Share in clusters", "fraction", "correlation_concentration_score",
        "value of the holdings that stand in a cluster over that of all that are correlated; a cluster is joined by correlations of at "
        "least 0.7 in size",
        clusters="t.clusters",
    ),
    "effective_positions": _correlation(
        "Effective number of independent positions", "ratio", "effective_positions",
        "1 / (w' C w), w the shares of delta dollars, C the correlations, shrunk towards equal ones (Ledoit and Wolf 2004)",
        corrected="t.psd_corrected", distance="t.psd_distance",
    ),
    "portfolio_correlation": Measure(
        "Mean correlation", "ratio", CORRELATION, "portfolio_correlation", CORRELATIONS,
        "mean size of the pairwise correlations of log returns, weighted by the product of gross values, of holdings of at least "
        f"${LEAST_VALUE:,.0f} and {100 * LEAST_WEIGHT:.0f} % of the book",
        CORRELATION_DAYS, MIN_OVERLAP,
    ),
}  # fmt: skip
MEASURES = OF_THE_BOOK | PARTS | MODEL | OF_THE_FACTORS | OF_TARGETS
