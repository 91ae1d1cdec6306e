"""Symbol-level numbers, once a session for all holders: volatility, betas, factors, factor correlations, scenario shocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from analytics.batch.kept_loadings import shrunk_as_before, stays_until
from analytics.batch.progress import Progress
from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter, step
from analytics.batch.symbol_metrics import store_metrics
from analytics.batch.symbol_sessions import described, fingerprints, inputs_version, not_current, record, unchanged
from analytics.batch.universe import Universe, load_universe
from analytics.engines import volatility as vol
from analytics.engines.beta import BetaStatus, dimson, ols_beta, vasicek
from analytics.engines.correlation import ewma_correlation
from analytics.engines.factors import (
    FACTOR_FUNDS,
    JOINT_WINDOW,
    JointLoadings,
    factor_covariance,
    joint_factor_returns,
    joint_loadings,
)
from analytics.engines.regression import exponential_weights
from analytics.engines.ridge import ridge
from analytics.engines.scenarios import BOND, FactorShocks, ScenarioShocks, condition, with_yields
from analytics.models import (
    MARKET_SCENARIOS,
    BatchRun,
    FactorCorrelation,
    FactorCovariance,
    FactorDefinition,
    Phase,
    ScenarioFactorShock,
    StressScenario,
    SymbolFactorExposure,
    SymbolNumbers,
    SymbolVolatility,
)
from marketdata import calendar
from marketdata.services.panel import BARS, PricePanel, load_panel, shared_panel
from sigmasight.core.bulk import NOTHING, UpsertCount, read_columns, upsert

Floats = NDArray[np.float64]

HISTORY = 504
BETA_WINDOW, BETA_MINIMUM = 90, 30
RIDGE_WINDOW, RIDGE_MINIMUM = 252, 60
FULL_SHARE = 0.9
SLOTS = 13
MARKET_SLOT, PROVIDER_SLOT, RATE_SLOT = 0, 1, 2
# Slots of the ridge fit in the order of its regressors (VTV, VUG, MTUM, QUAL, IWM, USMV), and of the spreads by joint factor.
RIDGE_SLOTS = np.array([4, 5, 3, 7, 6, 8])
SPREAD_SLOTS = {9: 1, 10: 2, 11: 3, 12: 4}
DECAYS = (0.94, round(0.5 ** (1 / 63), 4))
# The names a scenario's shocks go by, in the order of the factor funds.
SHOCK_NAMES = ("Market", "Value", "Growth", "Momentum", "Quality", "Size", "Low_Volatility")
BETA_DIGITS, ERROR_DIGITS = 8, 10


def windows(panel: PricePanel, sessions: Sequence[dt.date], length: int) -> Iterator[tuple[dt.date, slice]]:
    """Each session with the rows of the `length` sessions that end on it."""
    for session in sessions:
        row = panel.row_of(session) + 1
        yield session, slice(max(0, row - length), row)


def recomputes_everything(run: BatchRun) -> bool:
    """Whether somebody asked for all books of past sessions again: then nothing stored is taken for granted."""
    some = run.scope_portfolio_id is not None or "retry_of" in run.params
    return bool(run.params.get("recompute_from")) and not some


def volatilities(run: BatchRun, plan: Plan, progress: Progress) -> None:
    """Phase 1: realised and expected volatility of every symbol at every session of the plan that lacks it."""
    if not plan.needs:
        return
    with step(run, Phase.MARKET_DATA, "symbol volatility", sessions_from=plan.first, sessions_to=plan.target) as meter:
        with meter.part("read"):
            version = inputs_version()
            again = recomputes_everything(run)
            open_sessions = plan.sessions if again else not_current(SymbolNumbers.VOLATILITY, plan.sessions, version)
            if not open_sessions:
                return
            universe = load_universe()
            panel = load_panel(
                universe.security, calendar.shift(open_sessions[0], -HISTORY), open_sessions[-1], columns=BARS
            )
            returns = panel.simple_returns()
            growth = panel.return_factor.copy()
            growth[1:] /= panel.return_factor[:-1]
            bars = vol.range_variance(panel.open, panel.high, panel.low, panel.close, growth)
            looked_at = dict(windows(panel, open_sessions, HISTORY))
            found = fingerprints(looked_at.items(), (returns, bars), described(universe), {})
            kept = set() if again else unchanged(SymbolNumbers.VOLATILITY, found)
            record(SymbolNumbers.VOLATILITY, found, kept, version)
        with progress.bar("  1  Symbol volatility", len(open_sessions), "sessions") as bar:
            bar.advance(len(kept))
            for session in [session for session in open_sessions if session not in kept]:
                rows = looked_at[session]
                with meter.part("compute"):
                    columns = volatility_columns(returns[rows], bars[rows])
                with meter.part("write"), transaction.atomic():
                    meter.wrote("symbol_volatilities", _store_volatility(universe, session, columns))
                    record(SymbolNumbers.VOLATILITY, found, [session], version)
                bar.advance()


def volatility_columns(returns: Floats, bars: Floats | None) -> dict[str, Any]:
    """The columns of `SymbolVolatility` from (T, N) simple returns and range variances; also serves portfolios."""
    forecast = vol.forecast(returns, bars)
    trend = vol.trend(returns)
    last = returns[-1]
    return {
        "realized_volatility_21d": vol.realized(returns, 21),
        "realized_volatility_63d": vol.realized(returns, 63),
        "realized_volatility_252d": vol.realized(returns, 252),
        "vol_daily": np.abs(last) * np.sqrt(vol.YEAR),
        "vol_weekly": vol.realized(returns, 5),
        "vol_monthly": vol.realized(returns, 21),
        "expected_volatility_21d": forecast.volatility,
        "vol_trend": [TREND_NAMES[code] for code in trend.direction.tolist()],
        "vol_trend_strength": trend.strength,
        "vol_percentile": vol.percentile(returns),
        "observations": (~np.isnan(returns)).sum(axis=0),
        "model_r_squared": forecast.model_r_squared,
        "forecast_method": [METHOD_NAMES[code] for code in forecast.method.tolist()],
    }


TREND_NAMES = {
    vol.Trend.UNKNOWN: None,
    vol.Trend.STABLE: "stable",
    vol.Trend.INCREASING: "increasing",
    vol.Trend.DECREASING: "decreasing",
}
METHOD_NAMES = {vol.ForecastMethod.NONE: None, vol.ForecastMethod.LOG_HAR: "log_har", vol.ForecastMethod.EWMA: "ewma"}


def _store_volatility(universe: Universe, session: dt.date, columns: dict[str, Any]) -> UpsertCount:
    count = len(universe.security)
    return upsert(
        SymbolVolatility,
        {"security": universe.security, "calculation_date": np.full(count, np.datetime64(session)), **columns},
        unique=["security", "calculation_date"],
    )


def factor_numbers(run: BatchRun, plan: Plan, progress: Progress) -> None:
    """Phase 3, shared: betas and factors of every symbol, factor correlations and what every scenario does to the factors, for
    every session of the plan that lacks them."""
    if not plan.needs:
        return
    with step(run, Phase.RISK, "factor_analysis (symbols)", sessions_from=plan.first, sessions_to=plan.target) as meter:
        with meter.part("read"):
            version = inputs_version()
            again = recomputes_everything(run)
            open_sessions = plan.sessions if again else not_current(SymbolNumbers.FACTORS, plan.sessions, version)
            if not open_sessions:
                return
            universe = load_universe()
            scenarios = load_scenarios()
            funds = dict(FactorDefinition.objects.exclude(etf_proxy="").values_list("display_order", "id"))
            panel = shared_panel(
                universe.security, calendar.shift(open_sessions[0], -HISTORY), open_sessions[-1], history=0
            )
            returns = panel.simple_returns()
            revisions = _provider_betas(universe)
            looked_at = dict(windows(panel, open_sessions, JOINT_WINDOW))
            betas = {s: provider_beta(revisions, s, len(universe.security)).tobytes() for s in open_sessions}
            found = fingerprints(looked_at.items(), (returns,), described(universe), betas)
            kept = set() if again else unchanged(SymbolNumbers.FACTORS, found)
            record(SymbolNumbers.FACTORS, found, kept, version)
        with progress.bar("  3  Symbol factors", len(open_sessions), "sessions") as bar:
            bar.advance(len(kept))
            stays = None if again else stays_until(plan)
            for session in [session for session in open_sessions if session not in kept]:
                with transaction.atomic():
                    _session_factors(
                        universe,
                        session,
                        returns[looked_at[session]],
                        revisions,
                        scenarios,
                        funds,
                        meter,
                        fresh=stays is None or session > stays,
                    )
                    record(SymbolNumbers.FACTORS, found, [session], version)
                bar.advance()


def _provider_betas(universe: Universe) -> dict[str, NDArray[Any]]:
    rows = read_columns(
        "SELECT security_id, as_of, beta FROM company_profile_revisions WHERE beta IS NOT NULL AND beta <> 0 ORDER BY as_of"
    )
    return {"column": universe.columns(rows["security_id"]), "as_of": rows["as_of"], "beta": rows["beta"]}


def provider_beta(revisions: dict[str, NDArray[Any]], session: dt.date, count: int) -> Floats:
    """The provider's beta known on a session, (N,), NaN before the first profile: nothing later is looked at."""
    result = np.full(count, np.nan)
    known = (revisions["as_of"] <= np.datetime64(session)) & (revisions["column"] >= 0)
    result[revisions["column"][known]] = revisions["beta"][known]
    return result


def fund_returns(universe: Universe, returns: Floats) -> Floats:
    """(T, 8) returns of the factor funds, NaN columns for those that are missing."""
    columns = universe.factor_columns
    return np.where(columns >= 0, returns[:, np.maximum(columns, 0)], np.nan)


def _session_factors(
    universe: Universe, session: dt.date, returns: Floats, revisions: dict[str, NDArray[Any]], scenarios: ScenarioShocks,
    fund_ids: dict[int, int], meter: StepMeter, *, fresh: bool,
) -> None:  # fmt: skip
    """fresh : every book is rolled on these numbers; otherwise symbols whose own fit is as it was keep their shrunk loadings."""
    with meter.part("compute"):
        funds = fund_returns(universe, returns)
        factors = joint_factor_returns(funds)
        fund_columns = universe.factor_columns
        unshrunk = np.isin(np.arange(len(universe.security)), fund_columns)
        joint = joint_loadings(returns, factors, universe.sector, unshrunk)
        # The funds of scenarios are never shrunk, so their shocks are of the loadings as they are now.
        kept = joint
        if not fresh:
            raw, errors = np.round(joint.raw, BETA_DIGITS), np.round(joint.newey_west, ERROR_DIGITS)
            kept = replace(joint, shrunk=shrunk_as_before(universe, session, joint.shrunk, raw, errors))
        arrays, detail = _slot_arrays(universe, session, returns, funds, joint, revisions)
        usable = (~np.isnan(factors).any(axis=1)).sum()
        covariance = factor_covariance(factors) if usable >= RIDGE_MINIMUM else np.full((7, 7), np.nan)
        shocks = scenario_shocks(scenarios, joint, covariance, fund_columns)
    with meter.part("write"):
        meter.wrote("symbol_factor_exposures", _store_factors(universe, session, arrays, kept, detail))
        if usable >= RIDGE_MINIMUM:
            meter.wrote("factor_covariances", _store_covariance(session, covariance, int(usable)))
            meter.wrote("scenario_factor_shocks", _store_shocks(session, scenarios, shocks))
        meter.wrote("factor_correlations", _store_correlations(session, funds, fund_ids))


def scenario_shocks(
    scenarios: ScenarioShocks, joint: JointLoadings, covariance: Floats, fund_columns: NDArray[np.int64]
) -> FactorShocks:
    """What every scenario does to the joint factors, from the loadings of the factor funds."""
    there = fund_columns >= 0
    load = np.where(there[:, None], joint.shrunk[np.maximum(fund_columns, 0)], np.nan)
    residual = np.where(there, joint.residual_variance[np.maximum(fund_columns, 0)], np.nan)
    return condition(scenarios, load, residual, covariance)


def _slot_arrays(
    universe: Universe,
    session: dt.date,
    returns: Floats,
    funds: Floats,
    joint: JointLoadings,
    revisions: dict[str, NDArray[Any]],
) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any] | None]]:
    """Betas with errors, R² and observations by factor slot, (N, 13) each, and the extra figures of the market beta."""
    count = returns.shape[1]
    nothing = np.full((count, SLOTS), np.nan)
    beta, error, p_value, r_squared = nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy()
    observations = np.zeros((count, SLOTS), dtype=np.int64)
    recent, spy, tlt = returns[-BETA_WINDOW:], funds[-BETA_WINDOW:, 0], funds[-BETA_WINDOW:, BOND]
    market = ols_beta(recent, spy, min_observations=BETA_MINIMUM)
    for slot, estimate in ((MARKET_SLOT, market), (RATE_SLOT, ols_beta(recent, tlt, min_observations=BETA_MINIMUM))):
        beta[:, slot], error[:, slot], p_value[:, slot] = estimate.beta, estimate.std_error, estimate.p_value
        r_squared[:, slot], observations[:, slot] = estimate.r_squared, estimate.observations
    beta[:, PROVIDER_SLOT] = provider_beta(revisions, session, count)
    styles = funds[:, 1:7]
    kept = ridge(
        returns, styles, alpha=1.0, weights=exponential_weights(len(returns), 126.0), min_observations=RIDGE_MINIMUM
    )
    beta[:, RIDGE_SLOTS] = kept.coefficients
    r_squared[:, RIDGE_SLOTS] = kept.r_squared[:, None]
    observations[:, RIDGE_SLOTS] = kept.observations[:, None]
    for slot, factor in SPREAD_SLOTS.items():
        beta[:, slot], error[:, slot], p_value[:, slot] = (
            joint.raw[:, factor],
            joint.std_errors[:, factor],
            joint.p_values[:, factor],
        )
        r_squared[:, slot], observations[:, slot] = joint.r_squared, joint.observations
    window = np.full(SLOTS, float(RIDGE_WINDOW))
    window[[MARKET_SLOT, RATE_SLOT]] = BETA_WINDOW
    flag = np.where(observations >= FULL_SHARE * window, b"F", b"L")
    flag[:, PROVIDER_SLOT] = b"F"
    flag[market.status == BetaStatus.STALE] = b"S"
    flag[np.isnan(beta)] = b"-"
    long = ols_beta(returns[-RIDGE_WINDOW:], funds[-RIDGE_WINDOW:, 0], min_observations=BETA_MINIMUM)
    thin, thin_error, _ = dimson(returns, funds[:, 0])
    shrunk, _ = vasicek(market.beta, market.std_error)
    extra = {
        "alpha": market.alpha, "newey_west_std_error": market.newey_west_std_error, "vasicek": shrunk, "dimson": thin,
        "dimson_std_error": thin_error, "beta_252d": long.beta,
    }  # fmt: skip
    rounded = {name: np.round(values, ERROR_DIGITS).tolist() for name, values in extra.items()}
    detail: list[dict[str, Any] | None] = [
        {name: (None if values[i] != values[i] else values[i]) for name, values in rounded.items()}
        if market.beta[i] == market.beta[i]
        else None
        for i in range(count)
    ]
    arrays = {
        "beta_value": np.round(beta, BETA_DIGITS), "std_error": np.round(error, ERROR_DIGITS),
        "p_value": np.round(p_value, ERROR_DIGITS), "r_squared": np.round(r_squared, BETA_DIGITS),
        "observations": observations, "quality_flag": flag,
    }  # fmt: skip
    return arrays, detail


def _store_factors(
    universe: Universe,
    session: dt.date,
    arrays: dict[str, NDArray[Any]],
    joint: JointLoadings,
    detail: list[dict[str, Any] | None],
) -> UpsertCount:
    count = len(universe.security)
    return upsert(
        SymbolFactorExposure,
        {
            "security": universe.security,
            "calculation_date": np.full(count, np.datetime64(session)),
            **arrays,
            "joint_beta": np.round(joint.raw, BETA_DIGITS),
            "joint_shrunk": np.round(joint.shrunk, BETA_DIGITS),
            "joint_std_error": np.round(joint.newey_west, ERROR_DIGITS),
            "joint_r_squared": np.round(joint.r_squared, BETA_DIGITS),
            "joint_residual_volatility": np.round(np.sqrt(joint.residual_variance), ERROR_DIGITS),
            "joint_observations": joint.observations,
            "market_beta_detail": detail,
            "regression_window": np.full(count, JOINT_WINDOW),
        },
        unique=["security", "calculation_date"],
    )


def _store_covariance(session: dt.date, covariance: Floats, observations: int) -> UpsertCount:
    return upsert(
        FactorCovariance,
        {
            "calculation_date": [session],
            "covariance": np.round(covariance, 14)[None],
            "observations": [observations],
            "half_life": [126],
        },
        unique=["calculation_date"],
    )


def _store_shocks(session: dt.date, scenarios: ScenarioShocks, shocks: FactorShocks) -> UpsertCount:
    known = ~np.isnan(shocks.scale)
    keys = [key for key, there in zip(scenarios.ids, known.tolist(), strict=True) if there]
    if not keys:
        return NOTHING
    return upsert(
        ScenarioFactorShock,
        {
            "calculation_date": [session] * len(keys),
            "scenario_key": keys,
            "factor_shock": np.round(shocks.factors[known], 10),
            "unbounded_factor_shock": np.round(shocks.unbounded[known], 10),
            "mahalanobis_length": np.round(shocks.length[known], 8),
            "plausibility_scale": np.round(shocks.scale[known], 10),
            "implied_market_move": np.round(shocks.market_move[known], 10),
        },
        unique=["calculation_date", "scenario_key"],
    )


def _store_correlations(session: dt.date, funds: Floats, fund_ids: dict[int, int]) -> UpsertCount:
    """Pairs of the factors that stand for one fund each, at both decays."""
    slots = (MARKET_SLOT, *RIDGE_SLOTS.tolist()[:2], 3, 7, 6, 8, RATE_SLOT)
    ids = np.array([fund_ids[slot] for slot in slots])
    count = NOTHING
    for decay in DECAYS:
        estimate = ewma_correlation(funds, decay)
        low, high = np.triu_indices(len(FACTOR_FUNDS), 1)
        first, second = np.minimum(ids[low], ids[high]), np.maximum(ids[low], ids[high])
        count += upsert(
            FactorCorrelation,
            {
                "factor_1": first,
                "factor_2": second,
                "correlation": estimate.correlation[low, high],
                "calculation_date": np.full(len(low), np.datetime64(session)),
                "lookback_days": np.full(len(low), len(funds)),
                "decay_factor": np.full(len(low), decay),
                "data_points": estimate.observations[low, high],
            },
            unique=["factor_1", "factor_2", "calculation_date", "decay_factor"],
        )
    return count


def load_scenarios() -> ScenarioShocks:
    """The active stress scenarios by slot, followed by the ten plain market and rate moves."""
    ids, funds, yields = [], [], []
    for scenario in StressScenario.objects.filter(active=True).order_by("slot"):
        ids.append(scenario.scenario_id)
        shock = scenario.shock_config
        funds.append([float(shock[name]) if name in shock else np.nan for name in SHOCK_NAMES] + [np.nan])
        yields.append(float(shock["Interest_Rate"]) if "Interest_Rate" in shock else np.nan)
    for name, move in MARKET_SCENARIOS:
        # Some stress scenarios bear the same names.
        ids.append(f"move:{name}")
        rates = name.startswith("ir_")
        funds.append([np.nan if rates else move] + [np.nan] * 7)
        yields.append(move if rates else np.nan)
    return with_yields(
        tuple(ids), np.array(funds, dtype=np.float64), np.array(yields, dtype=np.float64),
        duration=settings.RATE_PROXY_DURATION, convexity=settings.RATE_PROXY_CONVEXITY,
    )  # fmt: skip


def daily_metrics(run: BatchRun, plan: Plan) -> None:
    """Phase 3, shared: newest returns and ratios of every symbol, one row each."""
    if not plan.needs:
        return
    universe = load_universe()
    with step(run, Phase.RISK, "symbol metrics", sessions_to=plan.target) as meter:
        meter.wrote("symbol_daily_metrics", store_metrics(universe, plan.target))
