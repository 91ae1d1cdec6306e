"""Everything a page or a printed report of one portfolio shows, read once, all of it of one session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.services.correlations import Correlations, correlate
from analytics.services.factors import FactorReadings, factors_of
from analytics.services.factsheet_lots import ClassShare, SheetLot, by_class, lots_at
from analytics.services.measured_figures import MeasuredFigure, measured_figures
from analytics.services.missing import Missing
from analytics.services.overview import ExposureSummary, stored_exposures, summarise_exposures
from analytics.services.performance import PerformanceReport, performance_up_to
from analytics.services.published import PublishedBook
from analytics.services.risk_contributions import Contributions, contributions_of
from analytics.services.risk_decomposition import Decomposition, decomposition_of
from analytics.services.sectors import NoSectorExposure, SectorExposure, benchmark_weights
from analytics.services.sectors import measure as measure_sectors
from analytics.services.stress import StressTest, stress_test_of
from analytics.services.value_at_risk import ENGINE, ValueAtRisk, value_at_risk_of
from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.errors import DomainError, NotFound

SIMULATED = "simulated"


@dataclass(frozen=True)
class Factsheet:
    """A portfolio at `as_of`, the session it has published or an earlier one.

    figures : those of `OF_THE_BOOK`, by name. engines : what each said of itself that night. changed_from : the day from which the book
    was changed since and will be computed again, None if it was not. lots : the largest first.
    """

    portfolio: Portfolio
    as_of: dt.date
    published: dt.date
    changed_from: dt.date | None
    computed_at: dt.datetime
    simulated: bool
    figures: Mapping[str, MeasuredFigure]
    engines: Mapping[str, Mapping[str, Any]]
    snapshot: PortfolioSnapshot
    exposures: ExposureSummary
    lots: Sequence[SheetLot]
    classes: Sequence[ClassShare]
    sectors: SectorExposure | NoSectorExposure
    performance: PerformanceReport | None
    factors: FactorReadings | Missing
    stress: StressTest | Missing
    correlations: Correlations | Missing
    value_at_risk: ValueAtRisk
    contributions: Contributions
    decomposition: Decomposition

    @property
    def left_out(self) -> list[tuple[str, str, str]]:
        """Engine, symbol and reason of what was not used, once each."""
        found = [
            (name, symbol, reason)
            for name, document in self.engines.items()
            for symbol, reason in document.get("skipped", ())
        ]
        return list(dict.fromkeys(found))

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Engines that computed nothing, with the reason."""
        return [
            (name, str(document.get("reason") or ""))
            for name, document in self.engines.items()
            if document.get("status") == "skipped"
        ]


def factsheet(portfolio: Portfolio, session: dt.date | None = None) -> Factsheet:
    """Everything of a portfolio at a session, the published one if none is given, in a fixed number of queries.

    Raises
    ------
    DomainError for a portfolio without results. NotFound for a day without any.
    """
    published = portfolio.results_as_of
    if published is None:
        raise DomainError(
            "no_results", f"{portfolio.name} has no results yet: they follow with the next night (manage.py run_batch)."
        )
    as_of = published if session is None else _session(portfolio, published, session)
    snapshot = PortfolioSnapshot.objects.filter(portfolio=portfolio, snapshot_date=as_of).first()
    if snapshot is None:
        raise NotFound("no_snapshot", f"{portfolio.name} has no snapshot of {as_of}: run its night again.")
    found = measured_figures(portfolio.pk, as_of)
    book = PublishedBook(
        portfolio_id=portfolio.pk,
        as_of=as_of,
        is_current=True,
        equity=snapshot.net_asset_value,
        updated_at=snapshot.updated_at,
        snapshot={
            name: getattr(snapshot, name) for name in ("long_value", "short_value", "gross_exposure", "net_exposure")
        },
        engine=found.engines.get(ENGINE, {}),
    )
    equity = float(book.equity)
    contributions = contributions_of(book)
    lots = lots_at(portfolio.pk, as_of, equity, {one.position_id: one.component_var for one in contributions.lots})
    return Factsheet(
        portfolio=portfolio,
        as_of=as_of,
        published=published,
        changed_from=portfolio.dirty_from,
        computed_at=snapshot.updated_at,
        simulated=found.price_source == SIMULATED,
        figures=found.figures,
        engines=found.engines,
        snapshot=snapshot,
        exposures=summarise_exposures(stored_exposures(book), equity),
        lots=lots,
        classes=by_class(lots, equity),
        sectors=_sectors(lots, equity, as_of),
        performance=performance_up_to(portfolio.pk, as_of),
        factors=factors_of(portfolio.pk, session=as_of),
        stress=stress_test_of(portfolio.pk, as_of),
        correlations=correlate([portfolio.pk], as_of, at=as_of),
        value_at_risk=value_at_risk_of(book),
        contributions=contributions,
        decomposition=decomposition_of(book),
    )


def _session(portfolio: Portfolio, published: dt.date, wanted: dt.date) -> dt.date:
    """The last session on or before a day that the portfolio has complete results of."""
    stored = PortfolioSnapshot.objects.filter(portfolio=portfolio, is_complete=True, snapshot_date__lte=published)
    found = (
        stored.filter(snapshot_date__lte=wanted)
        .order_by("-snapshot_date")
        .values_list("snapshot_date", flat=True)
        .first()
    )
    if found is None:
        first = stored.order_by("snapshot_date").values_list("snapshot_date", flat=True).first()
        raise NotFound(
            "no_results", f"{portfolio.name} has no results on or before {wanted}; its first are of {first}."
        )
    return found


def _sectors(lots: Sequence[SheetLot], equity: float, as_of: dt.date) -> SectorExposure | NoSectorExposure:
    benchmark = benchmark_weights(as_of)
    if not equity > 0:
        return NoSectorExposure("the net asset value is not positive")
    if not lots:
        return NoSectorExposure("the book holds nothing")
    return measure_sectors([lot.held for lot in lots], [lot.sector for lot in lots], equity, benchmark)
