"""Stress scenarios as arrays, and what they mean for the seven joint factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.engines.regression import Floats, known_or_zero

# The funds a scenario can shock, in the order of `factors.FACTOR_FUNDS` (SPY, VTV, VUG, MTUM, QUAL, IWM, USMV, TLT).
MARKET, VALUE, GROWTH, MOMENTUM, QUALITY, SIZE, LOW_VOLATILITY, BOND = range(8)
RESIDUAL_FLOOR = 1e-12
BOUND_MONTHS = 6.0
MONTH_SESSIONS = 21
LOWEST_RETURN = -0.99


@dataclass(frozen=True)
class ScenarioShocks:
    """K scenarios: total returns of the eight factor funds (K, 8), NaN where a fund is not shocked, the last one from the
    change of yields by duration and convexity; `yield_change` (K,), NaN without one."""

    ids: tuple[str, ...]
    funds: Floats
    yield_change: Floats

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.funds.shape != (count, 8) or self.yield_change.shape != (count,):
            raise ValueError(
                f"{count} scenarios need fund shocks of shape ({count}, 8) and yield changes of shape ({count},), "
                f"not {self.funds.shape} and {self.yield_change.shape}."
            )


def bond_return(yield_change: Floats, duration: float, convexity: float) -> Floats:
    """Return of a bond fund when its yield changes, fractions: -D dy + C dy² / 2."""
    return -duration * yield_change + 0.5 * convexity * yield_change**2


def par_bond_sensitivity(yield_: float, years: float, *, frequency: int = 2) -> tuple[float, float]:
    """Modified duration and convexity of a par bond with level coupons, bond-basis yield as a fraction."""
    periods = round(years * frequency)
    t = np.arange(1, periods + 1)
    rate = yield_ / frequency
    flows = np.full(periods, rate)
    flows[-1] += 1.0
    present = flows / (1 + rate) ** t
    price = present.sum()
    duration = (t * present).sum() / price / frequency / (1 + rate)
    convexity = (t * (t + 1) * present).sum() / price / frequency**2 / (1 + rate) ** 2
    return float(duration), float(convexity)


def with_yields(
    ids: tuple[str, ...], funds: Floats, yield_change: Floats, *, duration: float, convexity: float
) -> ScenarioShocks:
    """Scenarios with the bond fund's return filled in from the change of yields."""
    shocks = funds.copy()
    given = ~np.isnan(yield_change)
    shocks[given, BOND] = bond_return(yield_change[given], duration, convexity)
    return ScenarioShocks(ids, shocks, yield_change)


@dataclass(frozen=True)
class FactorShocks:
    """What K scenarios do to the joint factors, (K, 7) each; rows are NaN where a shocked fund has no loadings.

    `factors` is the plausible shock, `unbounded` the conditional mean as it is, `market_and_rates` that of the market and rate
    shocks alone. `length` (K,) is the Mahalanobis length between the two in monthly standard deviations, `scale` (K,) what was
    kept of it. `market_move` (K,) is the market's return, given or implied. All of these are NaN for a scenario that cannot be
    formed. `direct` are the shocks a scenario names itself.
    """

    factors: Floats
    unbounded: Floats
    market_and_rates: Floats
    length: Floats
    scale: Floats
    market_move: Floats
    direct: Floats


def condition(
    scenarios: ScenarioShocks, loadings: Floats, residual_variance: Floats, covariance: Floats
) -> FactorShocks:
    """The conditional mean of the joint factors given the shocked funds, drawn back to what is plausible.

    ``f* = S L' (L S L' + D)^-1 s``; where the part beyond the market and rate shocks is longer than six monthly standard
    deviations, it is shortened to that.

    Parameters
    ----------
    loadings : (8, 7) joint loadings of the factor funds, NaN where a fund has none: only the scenarios that shock it cannot
        be formed. residual_variance : (8,) daily. covariance : (7, 7) daily; with NaN no scenario can be formed.

    Raises
    ------
    ValueError if an array has another shape.

    Source: conditional expectation of the multivariate normal; the bound is ours.
    """
    if loadings.shape != (8, 7) or residual_variance.shape != (8,) or covariance.shape != (7, 7):
        raise ValueError(
            "Loadings of the eight funds (8, 7), their residual variances (8,) and a covariance (7, 7) are needed."
        )
    count = len(scenarios.funds)
    multipliers, kept_multipliers = np.full((count, 7), np.nan), np.full((count, 7), np.nan)
    for i, shock in enumerate(scenarios.funds):
        named = ~np.isnan(shock)
        if np.isnan(loadings[named]).any() or np.isnan(residual_variance[named]).any() or np.isnan(covariance).any():
            continue
        multipliers[i] = _multiplier(shock, named, loadings, residual_variance, covariance)
        kept = named & np.isin(np.arange(8), (MARKET, BOND))
        kept_multipliers[i] = _multiplier(shock, kept, loadings, residual_variance, covariance)
    unbounded, base = multipliers @ covariance, kept_multipliers @ covariance
    # Both are S a for some a, so d' S^-1 d = a' S a: no inverse, and a factor that has never moved does no harm.
    apart = multipliers - kept_multipliers
    length = np.sqrt(np.maximum(np.einsum("kf,kf->k", apart @ covariance, apart), 0.0) / MONTH_SESSIONS)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(length > BOUND_MONTHS, BOUND_MONTHS / length, np.where(np.isnan(length), np.nan, 1.0))
    factors = base + scale[:, None] * (unbounded - base)
    market = scenarios.funds[:, MARKET]
    return FactorShocks(
        factors=factors,
        unbounded=unbounded,
        market_and_rates=base,
        length=length,
        scale=scale,
        market_move=np.where(np.isnan(market) | np.isnan(scale), factors[:, 0], market),
        direct=direct_shocks(scenarios.funds),
    )


def _multiplier(
    shock: Floats, named: NDArray[np.bool_], loadings: Floats, residual: Floats, covariance: Floats
) -> Floats:
    """``L' (L S L' + D)^-1 s`` of the named funds: what S turns into the conditional mean."""
    if not named.any():
        return np.zeros(7)
    load = loadings[named]
    noise = np.diag(np.maximum(residual[named], RESIDUAL_FLOOR))
    return np.asarray(load.T @ np.linalg.solve(load @ covariance @ load.T + noise, shock[named]))


def direct_shocks(funds: Floats) -> Floats:
    """The factor shocks a scenario names itself, (K, 7): a style is its fund less the market (0 if not given), Growth-Value is
    growth less value, rates are the bond fund's return; factors it does not name are 0."""
    market = known_or_zero(funds[:, MARKET])
    over = np.where(np.isnan(funds), np.nan, funds - market[:, None])
    over = known_or_zero(over)
    return np.column_stack(
        [
            market, over[:, GROWTH] - over[:, VALUE], over[:, MOMENTUM], over[:, SIZE], over[:, QUALITY],
            over[:, LOW_VOLATILITY], known_or_zero(funds[:, BOND]),
        ]
    )  # fmt: skip


def symbol_returns(loadings: Floats, factor_shock: Floats) -> Floats:
    """Return of every symbol under every scenario, (K, N), never below -99 %; NaN for symbols without loadings.

    Parameters
    ----------
    loadings : (N, 7). factor_shock : (K, 7).
    """
    # A matrix product would turn one symbol's NaN into everybody's only within its own column; that is what is wanted.
    return np.maximum(factor_shock @ loadings.T, LOWEST_RETURN)


def with_shocked_funds(
    returns: Floats, scenarios: ScenarioShocks, shocks: FactorShocks, fund_columns: NDArray[np.int64]
) -> Floats:
    """A shocked fund takes its shock. Funds whose style shock was drawn back follow the plausible shock instead.

    Parameters
    ----------
    returns : (K, N) from `symbol_returns`. fund_columns : (8,) column of each factor fund, -1 where it is not among them.
    """
    result = returns.copy()
    for fund, column in enumerate(fund_columns.tolist()):
        if column < 0:
            continue
        given = ~np.isnan(scenarios.funds[:, fund]) & ~np.isnan(shocks.scale)
        if fund not in (MARKET, BOND):
            given &= shocks.scale == 1.0
        result[given, column] = scenarios.funds[given, fund]
    return result


def conditional_moves(returns: Floats, shocked: NDArray[np.int64], shock: Floats) -> Floats:
    """Expected moves of all columns given those of some, by ordinary least squares on them, (K,).

    Parameters
    ----------
    returns : (T, K) without NaN. shocked : (M,) columns that are given. shock : (M,) their moves, kept exactly.
    """
    covariance = np.cov(returns, rowvar=False)
    moves = covariance[:, shocked] @ np.linalg.solve(covariance[np.ix_(shocked, shocked)], shock)
    moves[shocked] = shock
    return np.asarray(moves)


def conditional_loadings(symbols: Floats, shocked: Floats) -> Floats:
    """Slopes of every symbol on the shocked funds alone, (N, M): the regression form of conditional returns.

    Parameters
    ----------
    symbols : (T, N), shocked : (T, M), complete rows. A symbol that is one of the funds gets exactly its unit loading.
    """
    x = shocked - shocked.mean(axis=0)
    slopes = np.linalg.lstsq(x, symbols - symbols.mean(axis=0), rcond=None)[0].T
    for m in range(shocked.shape[1]):
        same = (symbols == shocked[:, m : m + 1]).all(axis=0)
        slopes[same] = np.eye(shocked.shape[1])[m]
    return np.asarray(slopes)
