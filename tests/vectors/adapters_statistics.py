"""Vectors 06 to 11, 13 to 15 and 18: betas, factors, volatility, correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.engines import volatility as vol
from analytics.engines.beta import BetaStatus, blume, diagnose, dimson, exceeds_cap, ols_beta, vasicek
from analytics.engines.correlation import book_correlation, ewma_correlation, fisher_interval, pairwise
from analytics.engines.covariance import (
    nearest_correlation,
    oracle_approximating,
    sample_covariance,
    shrink_to_constant_correlation,
    shrink_to_identity,
    to_correlation,
)
from analytics.engines.factors import collinearity, multifactor, spread_returns
from analytics.engines.har_models import fit_har, iterate_har
from analytics.engines.har_models import har as log_har
from analytics.engines.regression import fit
from analytics.engines.ridge import leave_one_out_alpha, ridge
from tests.vectors.registry import produces

STATUS = {
    BetaStatus.OK: "ok", BetaStatus.STALE: "ok", BetaStatus.INSUFFICIENT: "skipped:insufficient_data",
    BetaStatus.ZERO_BENCHMARK_VARIANCE: "skipped:zero_benchmark_variance",
}  # fmt: skip


SHOWN = (
    "alpha", "beta", "r_squared", "std_error", "alpha_std_error", "p_value", "newey_west_std_error", "ci95_low", "ci95_high",
)  # fmt: skip


def one(values: np.ndarray) -> float:
    return float(values[0])


@produces("06_ols_beta")
def ols(inputs: dict[str, Any]) -> dict[str, Any]:
    cases = {}
    for case in inputs["cases"]:
        x, y = np.array(case["x"]), np.array(case["y"])
        estimate = ols_beta(y[:, None], x, min_observations=inputs["min_observations"])
        status = BetaStatus(estimate.status[0])
        cases[case["id"]] = {"status": STATUS[status]}
        if status >= BetaStatus.INSUFFICIENT:
            continue
        extra = diagnose(estimate, y, x)
        cases[case["id"]] |= {
            **{name: one(getattr(estimate, name)) for name in SHOWN},
            "adj_r_squared": extra.adjusted_r_squared, "t_stat": extra.t_stat, "observations": int(estimate.observations[0]),
            "residual_std": extra.residual_std, "durbin_watson": extra.durbin_watson, "newey_west_lags": extra.newey_west_lags,
            "newey_west_t": extra.newey_west_t, "newey_west_p_value_normal": extra.newey_west_p_value,
            "hc3_std_error": extra.hc3_std_error, "is_significant_10pct": extra.is_significant,
            "capped": bool(exceeds_cap(estimate.beta, case["cap"])[0]),
        }  # fmt: skip
    return {"cases": cases}


@produces("06b_beta_shrinkage_and_dimson")
def shrinkage(inputs: dict[str, Any]) -> dict[str, Any]:
    x, y, thin = (np.array(inputs[k]) for k in ("x", "y", "y_thin"))
    estimate = ols_beta(y[:, None], x[-90:])
    shrunk, weight = vasicek(
        estimate.beta, estimate.std_error, prior_mean=inputs["prior_mean"], prior_std=inputs["prior_std"]
    )
    lag, _, lag_slopes = dimson(thin[:, None], x)
    both, both_error, both_slopes = dimson(thin[:, None], x, lags=1, leads=1)
    return {
        "ols_beta": one(estimate.beta), "ols_se": one(estimate.std_error), "vasicek_weight_on_ols": one(weight),
        "vasicek_beta": one(shrunk), "blume_beta": one(blume(estimate.beta)), "thin_ols_beta": one(ols_beta(thin[:, None], x).beta),
        "dimson_lag1": {"beta": one(lag), "coef": lag_slopes[0].tolist()},
        "dimson_lag1_lead1": {"beta": one(both), "coef": both_slopes[0].tolist(), "se_of_sum": one(both_error)},
    }  # fmt: skip


@produces("07_multifactor_ols")
def several_factors(inputs: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for name, run in inputs["runs"].items():
        x = np.column_stack([inputs["factors"][f] for f in run["factors"]])[-run["last_n"] :]
        y = np.array(inputs["y"])[-run["last_n"] :]
        fits = multifactor(y[:, None], x)
        centred, uncentred, raw, standard = collinearity(x)

        def named(values: np.ndarray, names: list[str] = run["factors"]) -> dict[str, float]:
            return dict(zip(names, values.tolist(), strict=True))

        n, k, r2 = int(fits.observations[0]), x.shape[1], one(fits.r_squared)
        result[name] = {
            "alpha": one(fits.alpha), "betas": named(fits.coefficients[0]), "std_errors": named(fits.std_errors[0]),
            "p_values": named(fits.p_values[0]), "r_squared": r2, "adj_r_squared": one(fits.adjusted_r_squared(k)), "observations": n,
            "vif": named(centred), "vif_statsmodels": named(centred), "vif_uncentred": named(uncentred),
            "condition_number_raw": raw, "condition_number_standardised": standard,
        }  # fmt: skip
    return result


@produces("08_ridge")
def ridge_fits(inputs: dict[str, Any]) -> dict[str, Any]:
    x, labels = np.column_stack(list(inputs["factors"].values())), list(inputs["labels"].values())

    def one_fit(y: np.ndarray, n: int, alpha: float) -> dict[str, Any]:
        fits = ridge(y[-n:, None], x[-n:], alpha=alpha)
        return {
            "betas": dict(zip(labels, fits.coefficients[0], strict=True)),
            "standardised_coefs": dict(zip(labels, fits.standardised[0], strict=True)),
            "intercept_at_mean": one(fits.intercept), "r_squared": one(fits.r_squared), "effective_dof": one(fits.effective_dof),
            "sum_of_betas": float(fits.coefficients[0].sum()), "observations": int(fits.observations[0]),
        }  # fmt: skip

    y = np.array(inputs["y"])
    result = {f"n{n}_alpha{a}": one_fit(y, n, a) for n in (82, 252) for a in (0.01, 0.1, 1.0, 5.0, 10.0)}
    result["spy_on_itself_n82_alpha1.0"] = one_fit(np.array(inputs["y_spy"]), 82, 1.0)
    grid = np.logspace(-2, 3, 26)
    best, errors = leave_one_out_alpha(y[:, None], x, grid)
    at_best = one_fit(y, 252, float(best[0]))
    result["loocv_n252"] = at_best | {
        "alphas": grid.tolist(), "best_alpha": one(best), "loo_mse": errors[:, 0].tolist(), "mse": errors[:, 0].tolist(),
        "best_loo_mse": float(errors.min()),
    }  # fmt: skip
    return result


@produces("09_spread_factors")
def spreads(inputs: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for case in ("mixed", "pure_market"):
        for n in (144, 252):
            funds = {name: np.array(values)[-n:] for name, values in inputs["factors"].items()}
            y = np.array(inputs[f"y_{case}"])[-n:, None]
            pairs = {name: spread_returns(funds[a], funds[b]) for name, (a, b) in inputs["spreads"].items()}
            names = ["Market", *pairs]
            joint = fit(y, np.column_stack([funds["SPY"], *pairs.values()]), newey_west=True)
            assert joint.newey_west is not None

            def named(values: np.ndarray, keys: list[str] = names) -> dict[str, float]:
                return dict(zip(keys, values[0].tolist(), strict=True))

            result[f"{case}_n{n}"] = {
                "joint": {
                    "betas": named(joint.coefficients), "std_errors": named(joint.std_errors),
                    "newey_west_std_errors": named(joint.newey_west), "p_values": named(joint.p_values),
                    "r_squared": one(joint.r_squared), "alpha": one(joint.alpha),
                },
                "observations": int(joint.observations[0]),
            }  # fmt: skip
    return result


def _bars(inputs: dict[str, Any]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(inputs[k])[:, None] for k in ("open", "high", "low", "close"))


def _simple(close: np.ndarray) -> np.ndarray:
    returns = np.full(close.shape, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1
    return returns


@produces("10_har_rv_forecast")
def har(inputs: dict[str, Any]) -> dict[str, Any]:
    o, h, low, c = _bars(inputs)
    ranges = vol.range_variance(o, h, low, c)
    squares = np.log1p(_simple(c)) ** 2
    names = ("const", "daily", "weekly", "monthly")

    def direct(variance: np.ndarray, horizon: int, last: int | None = None) -> dict[str, Any]:
        model = fit_har(variance[1:, 0], horizon=horizon, last=last)
        return {
            "coefficients": dict(zip(names, model.coefficients, strict=True)),
            "hac_std_errors": dict(zip(names, model.hac_std_errors, strict=True)),
            "r_squared": model.r_squared, "observations": model.observations, "forecast_variance_daily": model.forecast,
            "filter_bounds": list(model.bounds), "forecast_after_filter": model.filtered,
            "forecast_vol_annualised": vol.annualise(model.filtered),
        }  # fmt: skip

    def logs(variance: np.ndarray) -> dict[str, Any]:
        model = log_har(variance)
        return {
            "coefficients": dict(zip(names, model.coefficients[0], strict=True)), "r_squared": one(model.r_squared),
            "residual_variance": one(model.residual_variance), "forecast_variance_daily_raw": one(model.raw),
            "filter_bounds": [one(model.lower), one(model.upper)], "forecast_variance_daily": one(model.variance),
            "observations": int(model.observations[0]), "forecast_vol_annualised": vol.annualise(one(model.variance)),
        }  # fmt: skip

    scale = vol.range_scale(squares, ranges)
    published = vol.forecast(_simple(c), ranges)
    one_day = fit_har(ranges[1:, 0], horizon=1)
    path = iterate_har(ranges[1:, 0], one_day.coefficients)
    fallback = vol.ewma(ranges * scale)
    return {
        "har_direct_21d_on_squared_log_returns": direct(squares, 21),
        "har_direct_1d_on_squared_log_returns": direct(squares, 1),
        "har_direct_21d_on_range_variance": direct(ranges, 21),
        "har_direct_21d_last250": direct(ranges, 21, 250),
        "har_direct_1d_on_range_variance": direct(ranges, 1),
        "har_log_21d_on_range_variance": logs(ranges),
        "har_iterated_on_range_variance_arch": {
            "coefficients": dict(zip(names, one_day.coefficients, strict=True)),
            "forecast_1d": path[0], "forecast_21d_mean": path.mean(), "forecast_vol_annualised_1d": vol.annualise(path[0]),
            "forecast_vol_annualised_21d": vol.annualise(path.mean()),
        },
        "DEFAULT_har_log_21d_on_scaled_range_variance": logs(ranges * scale)
        | {"scale": one(scale), "forecast_vol_annualised": one(published.volatility)},
        "FALLBACK_ewma_scaled_range_variance": {
            "scale": one(scale), "lambda_": vol.DECAY, "initial": "first value", "variance_daily": one(fallback),
            "vol_annualised": vol.annualise(one(fallback)),
        },
    }  # fmt: skip


@produces("11_realized_volatility")
def realized(inputs: dict[str, Any]) -> dict[str, Any]:
    o, h, low, c = _bars(inputs)
    returns = _simple(c)
    ranges = vol.range_volatility(o, h, low, c)
    log_returns = np.log1p(returns)
    direction = vol.trend(returns[1:])
    return {
        "close_to_close": {
            **{f"vol_{n}d": one(vol.realized(returns, n)) for n in (5, 21, 63, 252)},
            "vol_21d_log": one(vol.realized(log_returns, 21)), "vol_21d_zero_mean": one(vol.zero_mean(returns, 21)),
            "empyrical_annual_volatility_63": one(vol.realized(returns, 63)),
        },
        "range_based_21d": {name: one(getattr(ranges, name)) for name in ("yang_zhang", "parkinson", "garman_klass", "rogers_satchell")},
        "ewma_0_94": {"annualised": vol.annualise(one(vol.ewma_backcast(log_returns[1:] ** 2)))},
        "trend": {"slope": one(direction.slope)},
        "percentile": {"scipy_mean_last_252": one(vol.percentile(returns[1:])), "n_history_full": len(vol.rolling(returns[1:]))},
    }  # fmt: skip


def _nested(names: list[str], matrix: np.ndarray) -> dict[str, dict[str, Any]]:
    return {a: dict(zip(names, row, strict=True)) for a, row in zip(names, matrix.tolist(), strict=True)}


@produces("13_pairwise_correlation_missing_data")
def gaps(inputs: dict[str, Any]) -> dict[str, Any]:
    names = list(inputs["prices"])
    prices = np.array(
        [[np.nan if p is None else p for p in row] for row in inputs["prices"].values()], dtype=np.float64
    ).T
    returns = np.log(prices[1:] / prices[:-1])
    strict, loose = pairwise(returns, min_overlap=inputs["min_overlap"]), pairwise(returns, min_overlap=20)
    low, high = fisher_interval(loose.correlation, loose.observations)
    held = [names.index(s) for s in inputs["weights"]]
    sub = strict.correlation[np.ix_(held, held)]
    book = book_correlation(sub, sub, np.array(list(inputs["weights"].values()), dtype=np.float64))
    pairs = {
        f"{a}|{b}": {
            "r": loose.correlation[i, j], "p_value": loose.p_value[i, j], "n": int(loose.observations[i, j]),
            "fisher_ci95": [low[i, j], high[i, j]],
        }
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j
    }  # fmt: skip
    return {
        "correlation_min30": _nested(names, strict.correlation),
        "correlation_min20": _nested(names, loose.correlation),
        "pair_observations": _nested(names, strict.observations),
        "pairs": pairs,
        "portfolio": {
            "symbols": list(inputs["weights"]), "overall_correlation_mean_abs": book.mean_absolute, "mean_signed": book.mean_signed,
            "weighted_abs_correlation": book.weighted_absolute, "diversification_score": book.diversification_score,
            "effective_positions_equal_weight": book.effective_positions_equal_weight,
            "effective_positions_weighted": book.effective_positions,
        },
    }  # fmt: skip


@produces("14_ledoit_wolf")
def ledoit_wolf(inputs: dict[str, Any]) -> dict[str, Any]:
    returns = np.array(inputs["returns"])
    sample = sample_covariance(returns)
    identity, identity_shrinkage = shrink_to_identity(returns)
    oas, oas_shrinkage = oracle_approximating(returns)
    constant, constant_shrinkage = shrink_to_constant_correlation(returns)
    return {
        "sample_covariance_ddof0": sample.tolist(),
        "identity_target": {
            "shrinkage": identity_shrinkage, "covariance": identity.tolist(), "mean_variance_target": float(np.trace(sample) / len(sample)),
        },
        "oas": {"shrinkage": oas_shrinkage, "covariance": oas.tolist()},
        "constant_correlation_target": {
            "shrinkage": constant_shrinkage, "covariance": constant.tolist(), "correlation": to_correlation(constant).tolist(),
        },
        "constant_correlation_target_pyportfolioopt_default": {"shrinkage": shrink_to_constant_correlation(returns, ddof=1)[1]},
        "condition_numbers": {
            "sample": float(np.linalg.cond(sample)), "identity": float(np.linalg.cond(identity)),
            "constant_correlation": float(np.linalg.cond(constant)),
        },
    }  # fmt: skip


@produces("15_nearest_correlation")
def nearest(inputs: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for name, matrix in inputs["matrices"].items():
        repaired, distance = nearest_correlation(np.array(matrix, dtype=np.float64))
        result[name] = {"nearest": repaired.tolist(), "nearest_distance": distance}
    return result


@produces("18_factor_correlation_ewma")
def weighted(inputs: dict[str, Any]) -> dict[str, Any]:
    returns = np.column_stack(list(inputs["factors"].values()))
    decays = {"lambda_0_94": 0.94, "lambda_0_97": 0.97, "halflife_63": 0.5 ** (1 / 63)}
    estimates = {name: ewma_correlation(returns, decay) for name, decay in decays.items()}
    headline = estimates["lambda_0_94"].correlation
    return {
        "names": list(inputs["factors"]),
        **{f"correlation_{name}": e.correlation.tolist() for name, e in estimates.items()},
        "equal_weight": ewma_correlation(returns, 1.0).correlation.tolist(),
        "effective_observations": {name: e.effective_observations for name, e in estimates.items()},
        "min_eigenvalue": {
            "unclipped": float(np.linalg.eigvalsh(headline)[0]),
            "clipped": float(np.linalg.eigvalsh(np.where(np.eye(len(headline)) > 0, 1.0, np.clip(headline, *inputs["bounds"])))[0]),
        },
    }  # fmt: skip
