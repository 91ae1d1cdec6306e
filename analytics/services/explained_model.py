"""Figures of the factor model, the plain market moves, sectors and lots that can be explained, beside those of the book's own row."""

from __future__ import annotations

from analytics.batch.book_results import CORRELATION_DAYS
from analytics.engines.correlation import MIN_OVERLAP
from analytics.engines.factors import JOINT_FACTORS, JOINT_MINIMUM, JOINT_WINDOW
from analytics.models.stress import MARKET_SCENARIOS
from analytics.services.explained_parts import CONTRACT_INPUTS
from analytics.services.measure import (
    AGGREGATION,
    CORRELATIONS,
    FACTORS,
    GREEKS,
    LEDGER,
    LOTS,
    METRICS,
    MOVES,
    SNAPSHOT,
    Kind,
    Measure,
)

EXPOSURES, ROSENBERG = "factor_exposures", "Rosenberg (1974)"
BLACK = "Black and Scholes (1973); Merton (1973)"
MOVE_NAMES = [name for name, _ in MARKET_SCENARIOS]


# What each return counts from: the last price on or before that day.
RETURNS = {
    "1d": "the session before", "mtd": "the end of last month", "ytd": "the end of last year", "1m": "30 days before",
    "3m": "90 days before", "1y": "365 days before",
}  # fmt: skip


def _metric(title: str, unit: str, column: str, formula: str) -> Measure:
    return Measure(
        title, unit, METRICS, f"t.{column}", "symbol_metrics", formula, of=Kind.SYMBOL,
        facts={"price": "t.current_price", "share_of_sessions_with_a_price_pct": "t.data_quality_score"},
    )  # fmt: skip


def _place(names: tuple[str, ...] | list[str]) -> str:
    return f"array_position(ARRAY[{', '.join(repr(name) for name in names)}], %(of)s)"


def _model(title: str, column: str, formula: str, unit: str = "fraction", source: str = ROSENBERG) -> Measure:
    return Measure(
        title,
        unit,
        EXPOSURES,
        column,
        FACTORS,
        formula,
        JOINT_WINDOW,
        JOINT_MINIMUM,
        source=source,
    )


def _of_the_lots(title: str, column: str, formula: str) -> Measure:
    of_symbol = (
        f"(SELECT sum(u.part) FROM unnest(t.position_ids, t.{column}) AS u (id, part) "
        "JOIN positions AS p ON p.id = u.id WHERE p.symbol = %(of)s)"
    )
    return Measure(title, "usd", LOTS, of_symbol, LEDGER, formula, of=Kind.SYMBOL)


MODEL = {
    "factor_volatility": _model(
        "Volatility by the joint factors", "factor_volatility",
        "root of loadings x factor covariance x loadings, a session, a fraction of net asset value",
    ),
    "specific_volatility": _model(
        "Volatility beyond the factors", "specific_volatility",
        "root of the sum over symbols of (delta dollars / net asset value x residual volatility) squared, residuals taken as unrelated",
    ),
    "factor_r_squared": _model(
        "Share of the book's past variance that the factors explain", "r_squared",
        "R squared of the weighted regression of the returns of today's holdings on the seven joint factors", "ratio",
    ),
    "joint_loading": Measure(
        "Loading on a joint factor", "ratio", EXPOSURES, f"t.joint_value[{_place(JOINT_FACTORS)}]", FACTORS,
        "sum over symbols of delta dollars times the symbol's loading of a weighted regression on all seven factors (half-life 126 "
        "sessions), over net asset value; direct is the same regression of the book's own returns, the check, with its Newey-West error",
        JOINT_WINDOW, JOINT_MINIMUM, source="Newey and West (1987) for the errors", of=Kind.JOINT,
        facts={
            "dollars": f"t.joint_dollar[{_place(JOINT_FACTORS)}]", "direct": f"t.direct_value[{_place(JOINT_FACTORS)}]",
            "direct_std_error": f"t.direct_std_error[{_place(JOINT_FACTORS)}]",
        },
    ),
    "market_move_pnl": Measure(
        "P&L of a plain move of the market or of yields", "usd", MOVES, f"t.predicted_pnl[{_place(MOVE_NAMES)}]", MOVES,
        "full revaluation of today's holdings under the move, the other joint factors at their conditional mean",
        of=Kind.MOVE,
        facts={
            "by_betas_alone": f"t.linear_pnl[{_place(MOVE_NAMES)}]", "convexity_effect": f"t.convexity_effect[{_place(MOVE_NAMES)}]",
            "coverage": "t.coverage",
        },
    ),
    "effective_positions_equal_weight": Measure(
        "Effective number of independent positions, all alike", "ratio", "correlation_calculations", "effective_positions_equal_weight",
        CORRELATIONS, "n squared / sum of all correlations, shrunk towards equal ones", CORRELATION_DAYS, MIN_OVERLAP,
        source="Ledoit and Wolf (2004)",
    ),
    "sector_weight": Measure(
        "Share in a sector", "fraction", SNAPSHOT,
        "coalesce(t.sector_exposure -> 'portfolio_weights' ->> %(of)s, CASE WHEN t.sector_exposure IS NOT NULL THEN '0' END)",
        AGGREGATION, "sum of |market value| of the sector's lots / net asset value, contracts at their own value; 0 where nothing is held",
        of=Kind.SECTOR,
        facts={
            "net": "t.sector_exposure -> 'net_weights' -> %(of)s", "over_benchmark": "t.sector_exposure -> 'over_underweight' -> %(of)s",
            "benchmark_as_of": "t.sector_exposure -> 'benchmark_as_of'",
        },
    ),
    "position_value": _of_the_lots("Market value of a symbol", "market_value", "signed quantity x price x multiplier, all its lots"),
    "position_entry_value": _of_the_lots(
        "Entry value of a symbol", "entry_value", "signed quantity x entry price x multiplier, all its lots",
    ),
    "position_unrealized_pnl": _of_the_lots(
        "Unrealised P&L of a symbol", "unrealized_pnl", "market value - entry value, all its open lots",
    ),
    "position_daily_pnl": _of_the_lots(
        "P&L of a symbol on the day", "daily_pnl",
        "change of market value + realised P&L of the day's trades + dividends - fees, all its lots",
    ),
    "symbol_realized_volatility_252d": Measure(
        "Realised volatility of a symbol, 252 sessions", "fraction", "symbol_volatilities", "t.realized_volatility_252d", AGGREGATION,
        "standard deviation of daily returns x sqrt(252)", 252, 202, of=Kind.SYMBOL, counted="t.observations",
        facts={
            "day": "t.vol_daily", "week": "t.vol_weekly", "month": "t.vol_monthly", "trend": "t.vol_trend",
            "trend_strength": "t.vol_trend_strength", "percentile": "t.vol_percentile",
        },
    ),
    "symbol_joint_r_squared": Measure(
        "Share of a symbol's variance that the joint factors explain", "ratio", "symbol_factor_exposures", "t.joint_r_squared", FACTORS,
        "R squared of the weighted regression of its returns on the seven joint factors; shrunk loadings are drawn towards those of its "
        "sector, the more the larger their errors, and used by stress alone",
        JOINT_WINDOW, JOINT_MINIMUM, source="Newey and West (1987) for the errors; Vasicek (1973) for the shrinkage", of=Kind.SYMBOL,
        counted="t.joint_observations",
        facts={
            "factors": f"to_jsonb(ARRAY[{', '.join(repr(name) for name in JOINT_FACTORS)}])", "loadings": "to_jsonb(t.joint_beta)",
            "std_errors": "to_jsonb(t.joint_std_error)", "shrunk": "to_jsonb(t.joint_shrunk)",
            "residual_volatility": "t.joint_residual_volatility",
        },
    ),
    **{
        f"symbol_return_{span}": _metric(
            f"Total return of a symbol, {span}", "fraction", f"return_{span}", f"price with dividends and splits over that of {since} - 1",
        )
        for span, since in RETURNS.items()
    },
    "symbol_market_cap": _metric("Market value of a company", "usd", "market_cap", "as the provider of company profiles tells it"),
    "symbol_price_earnings": _metric("Price over earnings", "ratio", "pe_ratio", "as the provider of company profiles tells it"),
    "symbol_price_sales": _metric("Price over sales", "ratio", "ps_ratio", "market value / revenue of the profile"),
    "contract_price": Measure(
        "Price of a contract", "usd", "option_greeks", "t.price", GREEKS,
        "its quote of the session, per share; without one the European price at the volatility, rate and yield below",
        source=BLACK, of=Kind.CONTRACT, reason="t.reason", facts=CONTRACT_INPUTS,
    ),
    "implied_volatility": Measure(
        "Volatility of a contract", "fraction", "option_greeks", "t.implied_volatility", GREEKS,
        "the one at which the model gives the contract's quote of the session (volatility_source implied); without a quote the last "
        "implied one (implied_held), else the provider's, else from forecast and realised volatility of the underlying",
        source=BLACK, of=Kind.CONTRACT, reason="t.reason", facts=CONTRACT_INPUTS,
    ),
}  # fmt: skip
