"""Figures of a part of the book that can be explained: of a factor, a scenario, a tail, a symbol, a contract."""

from __future__ import annotations

from analytics.batch.book_results import HISTORY
from analytics.batch.books import BETA_MINIMUM, BETA_WINDOW
from analytics.engines import volatility
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM, TAILS
from analytics.services.measure import AGGREGATION, FACTORS, GREEKS, STRESS, Kind, Measure

# `of` for each tail, in the order they are stored in.
TAIL_NAMES = [f"{method}_{round(100 * level)}_{days}d" for method, days, level in TAILS]
PLACE_OF_TAIL = f"array_position(ARRAY[{', '.join(repr(name) for name in TAIL_NAMES)}], %(of)s)"
OF_FACTOR = "JOIN factor_definitions AS k ON k.name = %(of)s"
OF_SCENARIO = (
    "JOIN stress_test_scenarios AS k ON k.scenario_id = %(of)s "
    "LEFT JOIN scenario_factor_shocks AS f ON f.scenario_key = k.scenario_id AND f.calculation_date = t.calculation_date"
)
CONTRACT_INPUTS = {
    name: f"t.{name}"
    for name in (
        "underlying_price", "price_source", "implied_volatility", "volatility_source", "volatility_date", "rate", "rate_source",
        "dividend_yield", "price", "status",
    )
}  # fmt: skip


def _tail(name: str, column: str) -> Measure:
    formula = (
        "by the method, horizon and confidence that `of` names; each is a section of docs/measures.md; a positive loss"
    )
    return Measure(
        name, "usd", "portfolio_risk", f"t.{column}[{PLACE_OF_TAIL}]", AGGREGATION, formula, LOOKBACK, MINIMUM, "value_at_risk",
        of=Kind.TAIL,
    )  # fmt: skip


def _component(name: str, column: str, formula: str) -> Measure:
    of_symbol = (
        f"(SELECT sum(u.added) FROM unnest(t.position_ids, t.{column}) AS u (id, added) "
        "JOIN positions AS p ON p.id = u.id WHERE p.symbol = %(of)s)"
    )
    return Measure(
        name, "usd", "portfolio_risk", of_symbol, AGGREGATION, formula, LOOKBACK, MINIMUM, "value_at_risk", "Tasche (1999)",
        of=Kind.SYMBOL,
    )  # fmt: skip


def _volatility(title: str, column: str, formula: str, window: int, minimum: int, source: str = "") -> Measure:
    return Measure(
        title, "fraction", "symbol_volatilities", f"t.{column}", AGGREGATION, formula, window, minimum, source=source, of=Kind.SYMBOL,
        counted="t.observations",
        facts={"forecast_method": "t.forecast_method", "model_r_squared": "t.model_r_squared"} if source else {},
    )  # fmt: skip


def _greek(name: str, formula: str) -> Measure:
    return Measure(
        f"{name.capitalize()} of a contract", "ratio", "option_greeks", f"t.{name}", GREEKS, formula,
        source="Black and Scholes (1973); Merton (1973)", of=Kind.CONTRACT, reason="t.reason", facts=CONTRACT_INPUTS,
    )  # fmt: skip


PARTS = {
    "factor_exposure": Measure(
        "Exposure to a factor", "ratio", "factor_exposures", "t.exposure_value[k.display_order + 1]", FACTORS,
        "sum over symbols of delta dollars times the symbol's beta on the factor, over net asset value; `method` tells how the betas "
        "are fitted",
        of=Kind.FACTOR, join=OF_FACTOR,
        facts={
            "dollars": "t.exposure_dollar[k.display_order + 1]", "coverage": "t.coverage[k.display_order + 1]",
            "method": "k.calculation_method", "window_sessions": "k.window_sessions", "fund": "k.etf_proxy",
            "long_fund": "k.long_proxy", "short_fund": "k.short_proxy",
        },
    ),
    "stress_pnl": Measure(
        "P&L under a scenario", "usd", "stress_test_results", "t.correlated_pnl[k.slot + 1]", STRESS,
        "full revaluation of today's holdings under the scenario's shock of all joint factors, the shocked ones and what moves with "
        "them, drawn back to what their history allows",
        of=Kind.SCENARIO, join=OF_SCENARIO,
        facts={
            "by_the_shocked_factors_alone": "t.direct_pnl[k.slot + 1]", "not_drawn_back": "t.unbounded_pnl[k.slot + 1]",
            "private_holdings": "t.private_pnl[k.slot + 1]", "convexity_of_options": "t.unexplained[k.slot + 1]",
            "plausibility_scale": "f.plausibility_scale", "monthly_standard_deviations": "f.mahalanobis_length",
            "market_move": "f.implied_market_move", "shock": "k.shock_config", "factor_shock": "to_jsonb(f.factor_shock)",
            "without_volatility_rule": "t.correlated_pnl_without_vol_shock[k.slot + 1]",
            "by_factor": "to_jsonb(t.factor_impacts[k.slot + 1 : k.slot + 1])", "coverage": "t.coverage",
        },
    ),
    "value_at_risk": _tail("Value at risk", "tail_var"),
    "expected_shortfall": _tail("Expected shortfall", "tail_expected_shortfall"),
    "risk_contribution": _component(
        "What a symbol adds to the volatility of a session", "component_volatility",
        "covariance of its history with the book's, over the book's deviation; all symbols add up to daily_volatility",
    ),
    "var_contribution": _component(
        "What a symbol adds to value at risk", "component_var",
        "its own loss on the two sessions that make up the quantile; all symbols add up to var_95_1d",
    ),
    "symbol_market_beta": Measure(
        "Market beta of a symbol", "ratio", "symbol_factor_exposures", "t.beta_value[1]", FACTORS,
        "slope of its daily returns on those of SPY by least squares", BETA_WINDOW, BETA_MINIMUM, source="Sharpe (1963)",
        of=Kind.SYMBOL, counted="t.observations[1]",
        facts={
            "standard_error": "t.std_error[1]", "p_value": "t.p_value[1]", "r_squared": "t.r_squared[1]",
            "variants": "t.market_beta_detail",
        },
    ),
    "symbol_realized_volatility_21d": _volatility(
        "Realised volatility of a symbol, 21 sessions", "realized_volatility_21d", "standard deviation of daily returns x sqrt(252)", 21, 17
    ),
    "symbol_realized_volatility_63d": _volatility(
        "Realised volatility of a symbol, 63 sessions", "realized_volatility_63d", "standard deviation of daily returns x sqrt(252)", 63, 51
    ),
    "symbol_expected_volatility_21d": _volatility(
        "Expected volatility of a symbol over the next 21 sessions", "expected_volatility_21d",
        "regression of the log variance of the coming 21 sessions on that of the day, week and month (HAR), or exponentially weighted "
        "variance where the history is short",
        HISTORY, volatility.FORECAST_MINIMUM, "Corsi (2009)",
    ),
    "delta": _greek("delta", "change of its price for 1.00 of the underlying, at the volatility, rate and yield below"),
    "gamma": _greek("gamma", "change of its delta for 1.00 of the underlying"),
    "theta": _greek("theta", "change of its price for a calendar day"),
    "vega": _greek("vega", "change of its price for a point of volatility"),
    "rho": _greek("rho", "change of its price for a percentage point of the rate"),
}  # fmt: skip
