"""All of a person's portfolios as one: worth, exposures, earnings, largest holdings."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import numpy as np

from analytics.engines.risk import Performance, performance
from analytics.services import betas, sectors, volatility
from analytics.services.concentration import TopPosition, top_positions
from analytics.services.held_lots import held_lots, sectors_of
from analytics.services.history import DailyHistory, daily_history, period_pnl
from analytics.services.overview import (
    ExposureSummary,
    LotCounts,
    PnlSummary,
    count_lots,
    exposures_of,
    leverage,
    summarise_exposures,
    summarise_pnl,
)
from analytics.services.selection import Selection, select_portfolios
from portfolios.models import User

REALIZED = "cumulative_realized_pnl"
SESSIONS = 252
# Calendar days that hold them, whatever the holidays.
YEAR_DAYS = dt.timedelta(days=370)


@dataclass(frozen=True)
class RiskSummary:
    """Of all portfolios as one: beta, annual volatility of today's holdings, and of the past 252 sessions as they were
    booked the Sharpe ratio at a riskless rate of 0 and the worst fall from a peak (0 or negative)."""

    portfolio_beta: float | None
    volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    observations: int


@dataclass(frozen=True)
class AggregateOverview:
    """Figures of a selection; dollars, shorts negative. `sector_percentages` are gross, in percent of the total value, largest
    first."""

    selection: Selection
    cash: float
    leverage: float
    exposures: ExposureSummary
    pnl: PnlSummary
    counts: LotCounts
    risk: RiskSummary
    top_positions: list[TopPosition]
    sector_percentages: dict[str, float]


def aggregate_overview(user: User, portfolio_ids: Collection[UUID] | None = None) -> AggregateOverview:
    """What a person's portfolios are worth, hold and earned together, each at its published session.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    columns = (REALIZED, *betas.MEMBER_COLUMNS, *volatility.VOLATILITIES)
    selection = select_portfolios(user, portfolio_ids, columns=columns)
    lots = held_lots(selection.ids, current=selection.is_current)
    labels = sectors_of(lots)
    history = daily_history(selection.ids, selection.as_of - YEAR_DAYS) if selection.as_of else None
    sums, equity = exposures_of(lots), float(selection.total_value)
    return AggregateOverview(
        selection=selection,
        cash=round(equity - float(sums.net[0]), 2),
        leverage=leverage(sums, equity),
        exposures=summarise_exposures(sums, equity),
        pnl=summarise_pnl(lots, _realized(selection), period_pnl(selection.ids)),
        counts=count_lots(lots),
        risk=_risk(selection, history),
        top_positions=top_positions(lots),
        sector_percentages=_percentages(sectors.measure(lots, labels, equity, None)) if equity > 0 else {},
    )


@dataclass(frozen=True)
class PortfolioShare:
    """One portfolio's part: percent of the total with two decimals, open lots, and P&L in dollars."""

    weight_percent: float
    position_count: int
    unrealized_pnl: float
    realized_pnl: float


@dataclass(frozen=True)
class AggregateBreakdown:
    """The shares of a selection, in its order; `average_value` in dollars, 0 without portfolios."""

    selection: Selection
    shares: list[PortfolioShare]
    total_weight: float
    average_value: float


def aggregate_breakdown(user: User, portfolio_ids: Collection[UUID] | None = None) -> AggregateBreakdown:
    """What each of a person's portfolios contributes.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    selection = select_portfolios(user, portfolio_ids, columns=[REALIZED])
    lots = held_lots(selection.ids, current=selection.is_current)
    counts = Counter(lot.portfolio_id for lot in lots)
    unrealized: dict[UUID, float] = defaultdict(float)
    for lot in lots:
        unrealized[lot.portfolio_id] += lot.unrealized_pnl
    shares = [
        PortfolioShare(
            weight_percent=round(100 * one.weight, 2),
            position_count=counts[one.id],
            unrealized_pnl=round(unrealized[one.id], 2),
            realized_pnl=float(one.snapshot[REALIZED] or 0),
        )
        for one in selection.portfolios
    ]
    weight = sum(one.weight for one in selection.portfolios)
    average = float(selection.total_value) / len(shares) if shares else 0.0
    return AggregateBreakdown(selection, shares, round(weight, 6), round(average, 2))


def _realized(selection: Selection) -> Decimal:
    return sum((one.snapshot[REALIZED] or Decimal(0) for one in selection.portfolios), Decimal(0))


def _percentages(found: sectors.SectorExposure) -> dict[str, float]:
    ranked = sorted(found.portfolio_weights.items(), key=lambda entry: (-entry[1], entry[0]))
    return {sector: round(100 * weight, 2) for sector, weight in ranked}


def _risk(selection: Selection, history: DailyHistory | None) -> RiskSummary:
    returns = history.combined_returns()[-SESSIONS:] if history else np.empty(0)
    known = returns[~np.isnan(returns)]
    measured: Performance = performance(known)
    return RiskSummary(
        portfolio_beta=betas.combine(selection).beta,
        volatility=volatility.combine(selection, history).realized_21d,
        sharpe_ratio=None if np.isnan(measured.sharpe) else round(measured.sharpe, 4),
        max_drawdown=None if np.isnan(measured.max_drawdown) else round(measured.max_drawdown, 6),
        observations=len(known),
    )
