"""Deleting what the batch computed, so that it is computed anew. Prices, profiles, books and the people's own entries stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Model, OuterRef, QuerySet, Subquery
from django.utils import timezone

from analytics.batch.phases import lock_portfolios
from analytics.models import (
    CorrelationCalculation,
    EngineResult,
    FactorCorrelation,
    FactorCovariance,
    FactorExposure,
    MarketRiskScenario,
    OptionGreeks,
    PortfolioRisk,
    ScenarioFactorShock,
    SessionCoverage,
    StressTestResult,
    SymbolFactorExposure,
    SymbolVolatility,
)
from analytics.services.demo import demo_portfolio_ids
from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot

# Names of the report, the tables behind them and the column of their session.
OF_BOOKS: dict[str, tuple[type[Model], str]] = {
    "portfolio_snapshots": (PortfolioSnapshot, "snapshot_date"),
    "position_snapshots": (PositionSnapshot, "snapshot_date"),
    "factor_exposures": (FactorExposure, "calculation_date"),
    "market_risk_scenarios": (MarketRiskScenario, "calculation_date"),
    "stress_test_results": (StressTestResult, "calculation_date"),
    "correlation_tables": (CorrelationCalculation, "calculation_date"),
    "portfolio_risk": (PortfolioRisk, "calculation_date"),
    "engine_results": (EngineResult, "calculation_date"),
}
# What all holders share: deleted only where everybody's results are.
OF_SYMBOLS: dict[str, tuple[type[Model], str]] = {
    "batch_run_tracking": (SessionCoverage, "session"),
    "position_greeks": (OptionGreeks, "calculation_date"),
    "position_factor_exposures": (SymbolFactorExposure, "calculation_date"),
    "position_volatility": (SymbolVolatility, "calculation_date"),
    "factor_correlations": (FactorCorrelation, "calculation_date"),
    "factor_covariances": (FactorCovariance, "calculation_date"),
    "scenario_factor_shocks": (ScenarioFactorShock, "calculation_date"),
}
# Tables this product does not have, and lots that are never purged: the ledger still reads the days they were held.
NEVER = (
    "position_interest_rate_betas", "position_market_betas", "soft_deleted_positions", "duplicate_positions",
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """Whose results: the demo's, or everybody's; from a session on, or all."""

    everybody: bool = False
    first: dt.date | None = None

    def portfolio_ids(self) -> list[UUID]:
        books = Portfolio.objects.order_by("id")
        if not self.everybody:
            books = books.filter(pk__in=demo_portfolio_ids())
        return list(books.values_list("pk", flat=True))


@dataclass(frozen=True)
class Cleared:
    """Rows deleted (or, if only asked, to be deleted) by name, and the demo's portfolios that stand at their opening equity again."""

    portfolios: int
    rows: dict[str, int]
    equity_resets: int

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    def report(self) -> dict[str, int]:
        return self.rows | {"equity_resets": self.equity_resets, "total_deleted": self.total}


def what_would_go(scope: Scope) -> Cleared:
    """The rows of a scope, counted. Changes nothing."""
    books = scope.portfolio_ids()
    rows = dict.fromkeys(NEVER, 0) | {name: found.count() for name, found in _results(scope, books).items()}
    first = _published(books, scope)
    back = first if scope.first is None else first.exclude(snapshots__snapshot_date__lt=scope.first)
    return Cleared(len(books), rows, back.filter(pk__in=demo_portfolio_ids()).count())


@transaction.atomic
def clear(scope: Scope) -> Cleared:
    """Delete the results of a scope, in one transaction under the portfolios' locks; reads show what is left, or nothing."""
    books = scope.portfolio_ids()
    lock_portfolios(list(books))
    rows = dict.fromkeys(NEVER, 0) | {name: found.delete()[0] for name, found in _results(scope, books).items()}
    left = (
        PortfolioSnapshot.objects.filter(portfolio_id=OuterRef("pk"), is_complete=True)
        .order_by()
        .values("portfolio_id")
        .annotate(newest=Max("snapshot_date"))
        .values("newest")
    )
    changed = list(_published(books, scope).values_list("pk", flat=True))
    Portfolio.objects.filter(pk__in=changed).update(results_as_of=Subquery(left), updated_at=timezone.now())
    resets = Portfolio.objects.filter(
        pk__in=set(changed) & set(demo_portfolio_ids()), results_as_of__isnull=True
    ).count()
    return Cleared(len(books), rows, resets)


def _published(books: Sequence[UUID], scope: Scope) -> QuerySet[Portfolio]:
    """The portfolios whose published results go."""
    found = Portfolio.objects.filter(pk__in=books, results_as_of__isnull=False)
    return found if scope.first is None else found.filter(results_as_of__gte=scope.first)


def _results(scope: Scope, books: Sequence[UUID]) -> dict[str, QuerySet[Model]]:
    found = {}
    for name, (model, column) in (OF_BOOKS | OF_SYMBOLS if scope.everybody else OF_BOOKS).items():
        rows = model._default_manager.order_by()
        if not scope.everybody:
            rows = rows.filter(portfolio_id__in=books)
        found[name] = rows if scope.first is None else rows.filter(**{f"{column}__gte": scope.first})
    return found | {name: model._default_manager.none() for name, (model, _) in OF_SYMBOLS.items() if name not in found}
