"""Vectors 17, 17b, 20, 23 and 28: stress and tail risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.engines.exposure import market_values
from analytics.engines.factors import FACTOR_FUNDS
from analytics.engines.greeks import CONTRACT_MULTIPLIER, shocked_volatility
from analytics.engines.risk import euler_volatility, performance
from analytics.engines.scenarios import (
    bond_return,
    condition,
    conditional_loadings,
    conditional_moves,
    par_bond_sensitivity,
    symbol_returns,
    with_yields,
)
from analytics.engines.stress import Contracts, by_portfolio, factor_level_stress, lot_pnl, option_changes, outcome
from analytics.engines.tails import (
    cornish_fisher_var,
    historical_tail,
    mean_loss_beyond_var,
    order_statistic_var,
    parametric_tail,
)
from analytics.engines.volatility import annualise
from tests.vectors.registry import produces

BASIS_POINTS = (-100, -50, -25, 25, 50, 100, 200, 300)


@produces("17_stress_propagation")
def propagation(inputs: dict[str, Any]) -> dict[str, Any]:
    returns = np.column_stack(list(inputs["factors"].values()))
    names = list(inputs["labels"].values())
    result: dict[str, Any] = {}
    for book, facts in inputs["books"].items():
        dollars = np.array([facts["betas"][n] for n in names]) * facts["equity"]
        result[book] = {}
        for name, shock in inputs["scenarios"].items():
            place = np.array([names.index(n) for n in shock])
            moves = conditional_moves(returns, place, np.array(list(shock.values())))
            direct, correlated, parts = factor_level_stress(dollars, moves, np.isin(np.arange(len(names)), place))
            end = outcome(correlated, facts["equity"])
            result[book][name] = {
                "direct_pnl": direct, "conditional_factor_moves": dict(zip(names, moves, strict=True)), "correlated_pnl": correlated,
                "correlation_effect": correlated - direct, "by_factor": dict(zip(names, parts, strict=True)), "uncapped": correlated,
                "percent_of_equity": float(end.percent_of_equity), "loss_exceeds_equity": bool(end.loss_exceeds_equity),
            }  # fmt: skip
    return result


@produces("17b_stress_conditional_symbol_returns")
def by_symbol(inputs: dict[str, Any]) -> dict[str, Any]:
    symbols, funds = inputs["symbol_returns"], inputs["factor_returns"]
    names = list(symbols)
    matrix = np.column_stack(list(symbols.values()))
    book = inputs["book"]
    options = [lot for lot in book if "strike" in lot]
    contracts = Contracts(
        *(np.array([float(lot[k]) for lot in options]) for k in ("price", "strike")),
        np.array([lot["days"] / 365 for lot in options]),
        *(np.array([float(lot[k]) for lot in options]) for k in ("vol", "rate", "dividend_yield")),
        np.array([1 if lot["type"] in ("LC", "SC") else -1 for lot in options]),
        np.array([lot["symbol"] == "SPY" for lot in options]),
    )
    contract = np.array([options.index(lot) if lot in options else -1 for lot in book])
    quantity, price = (np.array([float(lot[k]) for lot in book]) for k in ("quantity", "price"))
    value, shares = market_values(quantity, price, np.ones(len(book))), quantity * CONTRACT_MULTIPLIER
    result = {}
    for name, shock in inputs["scenarios"].items():
        shocked = np.column_stack([funds[inputs["factor_etf"][f]] for f in shock])
        moves = np.array(list(shock.values()))
        loads = conditional_loadings(matrix, shocked)
        returns = symbol_returns(loads, moves[None])[0]
        market_loads = conditional_loadings(np.array(funds["SPY"])[:, None], shocked)
        implied = shock.get("Market", float(symbol_returns(market_loads, moves[None])[0, 0]))
        market = np.array([implied])
        lot_returns = returns[[names.index(lot["symbol"]) for lot in book]][None]
        under = returns[[names.index(lot["symbol"]) for lot in options]][None]
        by_lot, total = [], []
        for rule in (True, False):
            change = option_changes(contracts, under, market, np.zeros(1), volatility_rule=rule)
            by_lot.append(lot_pnl(value, lot_returns, contract, shares, change))
            total.append(float(by_portfolio(by_lot[-1], np.zeros(len(book), dtype=np.int64), 1)[0, 0]))
        rule_change = shocked_volatility(np.ones(2), market, np.array([True, False])) - 1
        result[name] = {
            "conditional_symbol_returns": dict(zip(names, returns, strict=True)),
            "conditional_loadings": {
                s: dict(zip(shock, row, strict=True)) for s, row in zip(names, loads, strict=True)
            },
            "implied_market_move": implied,
            "option_vol_relative_change": {"index": rule_change[0], "single_name": rule_change[1]},
            "position_pnl": {lot["id"]: by_lot[0][0, i] for i, lot in enumerate(book)},
            "correlated_pnl": total[0],
            "correlated_pnl_without_vol_shock": total[1],
            "percent_of_equity": float(outcome(total[0], inputs["equity"]).percent_of_equity),
        }
    return result


@produces("20_interest_rate_shock")
def rates(inputs: dict[str, Any]) -> dict[str, Any]:
    duration, convexity = par_bond_sensitivity(inputs["yield0"], 25)
    book = inputs["book"]
    dollars = np.array([book["equity"] * book["beta_to_proxy"]])
    shocks = {}
    for points in BASIS_POINTS:
        move = float(bond_return(np.array(points / 10_000), duration, convexity))
        shocks[f"{points:+d}bp"] = {
            "shock_bp": points,
            "proxy_return_duration_convexity": move,
            "portfolio_pnl": factor_level_stress(dollars, np.array([move]), np.array([True]))[0],
        }
    return {"modified_duration": duration, "convexity": convexity, "shocks": shocks}


@produces("23_var_es_euler")
def tails(inputs: dict[str, Any]) -> dict[str, Any]:
    assets, weights = np.array(inputs["asset_returns"]), np.array(inputs["weights"])
    book = np.round(assets @ weights, 10)[:, None]
    result: dict[str, Any] = {}
    for level in ("95", "99"):
        confidence = int(level) / 100
        tail = historical_tail(book, confidence)
        var, shortfall = parametric_tail(book, confidence)
        result[level] = {
            "historical_var_linear_interpolation": tail.var[0],
            "historical_var_order_statistic": order_statistic_var(book, confidence)[0],
            "historical_es_empyrical": mean_loss_beyond_var(book, confidence)[0],
            "historical_es_acerbi_tasche": tail.expected_shortfall[0],
            "parametric_normal_var": var[0], "parametric_normal_es": shortfall[0],
            "cornish_fisher_var": cornish_fisher_var(book, confidence)[0],
        }  # fmt: skip
    euler = euler_volatility(assets, weights)
    last = performance(book[-252:, 0])
    result["euler"] = {
        "portfolio_volatility_daily": euler.volatility, "annualised": annualise(euler.volatility**2), "marginal": euler.marginal,
        "component": euler.component, "percent": euler.percent, "sum_of_components": euler.component.sum(),
        "diversification_ratio": euler.diversification_ratio,
    }  # fmt: skip
    result["performance_252"] = {
        "sharpe_rf0": last.sharpe, "sortino_rf0": last.sortino, "max_drawdown": last.max_drawdown,
        "annual_return_geometric": last.annual_return, "annual_volatility": last.annual_volatility,
        "cumulative_return": last.cumulative_return, "calmar": last.calmar,
    }  # fmt: skip
    return result


@produces("28_stress_joint_bounded")
def joint(inputs: dict[str, Any]) -> dict[str, Any]:
    given, factors = inputs["scenarios"], inputs["factors"]
    funds = np.array([[s["etf_shocks"].get(f, np.nan) for f in FACTOR_FUNDS] for s in given])
    yields = np.array([np.nan if s["yield_change"] is None else s["yield_change"] for s in given])
    scenarios = with_yields(
        tuple(s["scenario_id"] for s in given),
        funds,
        yields,
        duration=inputs["duration"],
        convexity=inputs["convexity"],
    )
    loads = np.array([inputs["loadings"][f] for f in FACTOR_FUNDS])
    residual = np.array([inputs["residual_variance"][f] for f in FACTOR_FUNDS])
    shocks = condition(scenarios, loads, residual, np.array(inputs["factor_covariance"]))
    names = list(inputs["loadings"])
    everything = np.array(list(inputs["loadings"].values()))
    plausible, unbounded = symbol_returns(everything, shocks.factors), symbol_returns(everything, shocks.unbounded)

    def named(row: np.ndarray, keys: list[str] = factors) -> dict[str, float]:
        return dict(zip(keys, row.tolist(), strict=True))

    return {
        key: {
            "etf_returns": {f: scenarios.funds[k, i] for i, f in enumerate(FACTOR_FUNDS) if not np.isnan(scenarios.funds[k, i])},
            "factor_shock_unbounded": named(shocks.unbounded[k]), "factor_shock_market_and_rates": named(shocks.market_and_rates[k]),
            "mahalanobis_months": shocks.length[k], "plausibility_scale": shocks.scale[k], "factor_shock": named(shocks.factors[k]),
            "symbol_returns": named(plausible[k], names), "symbol_returns_unbounded": named(unbounded[k], names),
        }
        for k, key in enumerate(scenarios.ids)
    }  # fmt: skip
