"""The report of the demo's high net worth book, from what the last night stored of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analytics.models import PortfolioRisk
from portfolios.models import InvestmentClass, Portfolio, PortfolioSnapshot
from portfolios.services.valued_lots import ValuedLot, valued_lots
from sigmasight.core.demo import rows
from sigmasight.core.errors import NotFound

REPORTED = {"high-net-worth": "high_net_worth"}


@dataclass(frozen=True, slots=True)
class DemoReport:
    """One demo book at `as_of`: its lots, the night's snapshot, and the risk figures if the engines could compute them."""

    kind: str
    book: Portfolio
    as_of: dt.date
    lots: Sequence[ValuedLot]
    snapshot: PortfolioSnapshot
    risk: PortfolioRisk | None

    def gross_value(self, investment_class: InvestmentClass) -> Decimal:
        """Dollars held of a class, shorts counted positive."""
        values = (abs(lot.market_value) for lot in self.lots if lot.investment_class == investment_class)
        return sum(values, Decimal(0))

    @property
    def price_sources(self) -> list[str]:
        return sorted({lot.price_source for lot in self.lots})


def demo_report(kind: str) -> DemoReport:
    """The newest report of a demo book, in four queries.

    Raises
    ------
    NotFound for another kind than "high-net-worth", and while the demo has not been computed.
    """
    if kind not in REPORTED:
        raise NotFound("demo_report_unknown", f"There is no demo report of this type; there is {', '.join(REPORTED)}.")
    book_id = next(row["id"] for row in rows("portfolios") if row["portfolio"] == REPORTED[kind])
    book = Portfolio.objects.filter(pk=book_id, deleted_at__isnull=True).first()
    if book is None or book.results_as_of is None:
        raise NotFound("demo_not_computed", "The demo has no results yet. Seed it and run the batch.")
    snapshot = PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
    risk = PortfolioRisk.objects.filter(portfolio=book, calculation_date=snapshot.snapshot_date).first()
    return DemoReport(kind, book, snapshot.snapshot_date, valued_lots([book.pk]), snapshot, risk)
