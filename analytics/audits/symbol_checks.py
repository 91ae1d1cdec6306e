"""Results of symbols worked out again from price rows by plain means: betas, volatilities, correlations of factors."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import Any

import numpy as np
from django.db.models import Max, TextField
from django.db.models.functions import MD5, Cast, Concat
from numpy.typing import NDArray

from analytics.audits.row_returns import fund_ids, row_returns
from analytics.audits.scope import Scope
from analytics.batch.symbols import BETA_MINIMUM, BETA_WINDOW, MARKET_SLOT, RATE_SLOT
from analytics.models import FactorCorrelation, SymbolFactorExposure, SymbolVolatility
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

# Stored with eight decimals; two ways of fitting the same line differ by some 1e-12.
BETA_TOLERANCE = 1e-6
# Stored with four decimals.
VOLATILITY_TOLERANCE = 6e-5
# Stored with six decimals.
CORRELATION_TOLERANCE = 2e-6
WINDOW_SHARE = 0.8
ROLL = "Run the batch again from this session: a price or an action may have changed since. If it stays, the calculation is wrong."
NOT_COMPUTED = Nothing("no session has results of symbols", "Run the batch: manage.py run_batch")
FUNDS = {MARKET_SLOT: "SPY", RATE_SLOT: "TLT"}
NAMES = {MARKET_SLOT: "market beta", RATE_SLOT: "interest rate beta"}


def check_betas(scope: Scope) -> Check:
    """Market and interest-rate betas of a sample of symbols by least squares (`numpy.linalg.lstsq`) on stored price rows."""
    rows = _sample(SymbolFactorExposure.objects.all(), scope)
    session = rows[0].calculation_date if rows else None
    found, compared, largest = [], 0, 0.0
    if session is not None:
        funds = fund_ids(list(FUNDS.values()))
        returns = row_returns({row.security_id for row in rows} | set(funds.values()), session, BETA_WINDOW)
        for row in rows:
            for slot, fund in FUNDS.items():
                if fund not in funds:
                    continue
                stored = row.beta_value[slot]
                beta = fitted_beta(returns.of[row.security_id], returns.of[funds[fund]])
                compared += 1
                if stored is None or beta is None or np.isnan(stored):
                    if (stored is None or np.isnan(stored)) != (beta is None):
                        found.append(_differs(row.security.symbol, NAMES[slot], stored, beta, session))
                    continue
                largest = max(largest, abs(stored - beta))
                if abs(stored - beta) > BETA_TOLERANCE:
                    found.append(_differs(row.security.symbol, NAMES[slot], stored, beta, session))
    told = [f"at {session}; largest difference {largest:.1e}, allowed {BETA_TOLERANCE:.0e}"] if compared else []
    return check("Betas of symbols", {"betas recomputed": compared}, found, nothing=NOT_COMPUTED, told=told)


def fitted_beta(asset: NDArray[np.float64], benchmark: NDArray[np.float64]) -> float | None:
    """Slope of a line through the common sessions, None below 30 of them; 0 for a price that never moved."""
    both = ~np.isnan(asset) & ~np.isnan(benchmark)
    if both.sum() < BETA_MINIMUM or np.ptp(benchmark[both]) == 0:
        return None
    if np.ptp(asset[both]) == 0:
        return 0.0
    line = np.column_stack([np.ones(both.sum()), benchmark[both]])
    return float(np.linalg.lstsq(line, asset[both], rcond=None)[0][1])


def check_volatilities(scope: Scope) -> Check:
    """Realised volatilities of a sample of symbols by the standard library's sample deviation, times the root of 252."""
    rows = _sample(SymbolVolatility.objects.all(), scope)
    session = rows[0].calculation_date if rows else None
    found, compared = [], 0
    if session is not None:
        returns = row_returns({row.security_id for row in rows}, session, 63)
        for row in rows:
            for window in (21, 63):
                stored = getattr(row, f"realized_volatility_{window}d")
                again = plain_volatility(returns.of[row.security_id], window)
                compared += 1
                if (stored is None) != (again is None) or (
                    stored is not None and again is not None and abs(float(stored) - again) > VOLATILITY_TOLERANCE
                ):
                    found.append(
                        _differs(row.security.symbol, f"volatility of {window} sessions", stored, again, session)
                    )
    told = [f"at {session}; allowed difference {VOLATILITY_TOLERANCE:.0e}"] if compared else []
    return check(
        "Volatilities of symbols", {"volatilities recomputed": compared}, found, nothing=NOT_COMPUTED, told=told
    )


def plain_volatility(returns: NDArray[np.float64], window: int) -> float | None:
    """A year's volatility of the last returns, None where four fifths of them are not there."""
    last = returns[-window:]
    known = [float(value) for value in last if value == value]
    if len(last) < window or len(known) < max(2, WINDOW_SHARE * window):
        return None
    return float(statistics.stdev(known) * 252**0.5)


def check_factor_correlations(scope: Scope) -> Check:
    """Correlations of the factors' funds, every pair and decay, by `numpy.cov` with weights on the sessions both have."""
    rows = FactorCorrelation.objects.select_related("factor_1", "factor_2")
    session = scope.session or rows.aggregate(newest=Max("calculation_date"))["newest"]
    pairs = list(rows.filter(calculation_date=session).order_by("factor_1", "factor_2", "decay_factor")[: scope.sample])
    found = []
    if pairs:
        funds = fund_ids(
            sorted({fund for pair in pairs for fund in (pair.factor_1.etf_proxy, pair.factor_2.etf_proxy)})
        )
        returns = row_returns(set(funds.values()), session, max(pair.lookback_days for pair in pairs))
        for pair in pairs:
            names = f"{pair.factor_1.name} with {pair.factor_2.name}, decay {pair.decay_factor}"
            again = weighted_correlation(
                returns.of[funds[pair.factor_1.etf_proxy]],
                returns.of[funds[pair.factor_2.etf_proxy]],
                float(pair.decay_factor),
            )
            stored = None if pair.correlation is None else float(pair.correlation)
            if (stored is None) != (again is None) or (
                stored is not None and again is not None and abs(stored - again) > CORRELATION_TOLERANCE
            ):
                found.append(_differs(names, "correlation", stored, again, session))
    told = [f"at {session}; allowed difference {CORRELATION_TOLERANCE:.0e}"] if pairs else []
    return check("Correlations of factors", {"pairs recomputed": len(pairs)}, found, nothing=NOT_COMPUTED, told=told)


def weighted_correlation(one: NDArray[np.float64], other: NDArray[np.float64], decay: float) -> float | None:
    """Correlation of two series on their common rows, weights falling by `decay` a row; None below 30 rows."""
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < 30:
        return None
    weights = decay ** np.arange(len(one) - 1, -1, -1)
    covariance = np.cov(one[both], other[both], aweights=weights[both], ddof=0)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _sample(rows: Any, scope: Scope) -> list[Any]:
    """Rows of one session in an order that is the same every time and another one for every session."""
    if scope.portfolio is not None:
        rows = rows.filter(security_id__in=scope.held_securities())
    session = scope.session or rows.aggregate(newest=Max("calculation_date"))["newest"]
    found = rows.filter(calculation_date=session).select_related("security")
    mixed = MD5(Concat(Cast("security_id", TextField()), Cast("calculation_date", TextField())))
    return list(found.order_by(mixed)[: scope.sample])


def _differs(subject: str, name: str, stored: object, again: float | None, session: dt.date | None) -> Finding:
    told = [None if value is None or value != value else float(value) for value in (stored, again)]  # type: ignore[arg-type]
    was, now = ("unknown" if value is None else f"{value:.8g}" for value in told)
    return Finding(Severity.ERROR, subject, f"{name} is stored as {was}, recomputed {now}", f"session {session}", ROLL)
