"""How a portfolio has done over a stretch of days, as its ledger booked it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import numpy as np

from analytics.engines.risk import Performance, performance
from analytics.models import PortfolioRisk
from analytics.services.history import daily_history
from analytics.services.published import PublishedBook, published_book
from portfolios.models import User

TAILS = ("var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d")
DIGITS = 6


@dataclass(frozen=True)
class RiskMetrics:
    """Volatility a year and drawdown (0 or negative) as fractions; ratios at a riskless rate of 0; value at risk and expected
    shortfall of one session in positive dollars. None where unknown; `warnings` say why."""

    portfolio_beta: Decimal | None
    annualized_volatility: float | None
    max_drawdown: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    var_95_1d: Decimal | None
    es_95_1d: Decimal | None
    var_99_1d: Decimal | None
    es_99_1d: Decimal | None


@dataclass(frozen=True)
class MetricsWindow:
    """The sessions the metrics are of, and what is missing in them."""

    first: dt.date
    last: dt.date
    observations: int
    warnings: list[str]


def risk_metrics(
    user: User, portfolio_id: UUID, lookback_days: int
) -> tuple[PublishedBook, RiskMetrics | None, MetricsWindow | None]:
    """Beta, volatility and drawdown over the calendar days before the published session; None before the first.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, ("beta_calculated_90d",))
    if book.as_of is None:
        return book, None, None
    history = daily_history([portfolio_id], book.as_of - dt.timedelta(days=lookback_days))
    if not history.days:
        return book, None, None
    risk = PortfolioRisk.objects.filter(portfolio=portfolio_id, calculation_date=book.as_of)
    tails = risk.values_list(*TAILS).first() or (None,) * len(TAILS)
    returns = history.returns[:, 0]
    known = returns[~np.isnan(returns)]
    whole: Performance = performance(known)
    # The first snapshot is where the fall is measured from, not part of it.
    fall = performance(known[1:]).max_drawdown if len(known) > 1 else 0.0
    beta = book.snapshot["beta_calculated_90d"]
    warnings = {
        "few_snapshots": len(known) == 1,
        "no_returns": not len(known),
        "no_values": bool(np.isnan(fall)) or not len(known),
        "beta_unavailable": beta is None,
    }
    metrics = RiskMetrics(
        beta,
        0.0 if len(known) == 1 else _number(whole.annual_volatility),
        _number(fall) if len(known) else None,
        _number(whole.sharpe),
        _number(whole.sortino),
        _number(whole.calmar),
        *tails,
    )
    raised = [name for name, holds in warnings.items() if holds]
    return book, metrics, MetricsWindow(history.days[0], history.days[-1], len(history.days), raised)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS) + 0.0
