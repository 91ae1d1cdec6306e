"""A portfolio with everything a reader may want at once: lots, tags, net asset values, what made and what lost money."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from analytics.services.lot_history import LotHistory, histories, history_window
from marketdata import calendar
from portfolios.models import OPTION_TYPES, Portfolio, PortfolioSnapshot, PositionType
from portfolios.services.valued_lots import ValuedLot, valued_lots
from sigmasight.core import clock
from tagging.services.links import Label, labels_of_lots

MOST_SESSIONS = 180
MOST_CONTRIBUTORS = 5


@dataclass(frozen=True, slots=True)
class Contribution:
    """Profit or loss of a symbol since its lots were entered, closed ones included: realised and unrealised, dollars."""

    symbol: str
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class PortfolioReport:
    """as_of : close of the session the values are of; the present for a book without results. equity : net asset value then, the
    opening equity before the first session. lots : open ones by symbol, entry date and id, with `history` beside them. labels : by
    lot. net_asset_values : by session, ascending, the newest 180 at most."""

    as_of: dt.datetime
    equity: Decimal
    lots: Sequence[ValuedLot]
    history: Sequence[LotHistory]
    labels: Mapping[UUID, Sequence[Label]]
    net_asset_values: Sequence[tuple[dt.date, Decimal]]
    contributors: Sequence[Contribution]
    detractors: Sequence[Contribution]

    @property
    def market_value(self) -> Decimal:
        return sum((lot.market_value for lot in self.lots), Decimal(0))

    @property
    def complete_lots(self) -> int:
        return sum(one.complete for one in self.history)

    def count(self, *kinds: str) -> int:
        """Lots of these position types."""
        return sum(lot.position_type in kinds for lot in self.lots)

    @property
    def long_count(self) -> int:
        return self.count(PositionType.LONG)

    @property
    def short_count(self) -> int:
        return self.count(PositionType.SHORT)

    @property
    def option_count(self) -> int:
        return self.count(*OPTION_TYPES)


def report_portfolio(book: Portfolio, *, with_labels: bool, with_series: bool) -> PortfolioReport:
    """The report of a portfolio at its newest results, in four queries at most."""
    everything = valued_lots([book.pk], include_closed=True)
    today = clock.market_today()
    lots = [lot for lot in everything if lot.exit_date is None or lot.exit_date > today]
    history, _ = histories(lots, history_window(book))
    series = _net_asset_values(book, MOST_SESSIONS if with_series else 1)
    gains = _contributions(everything)
    return PortfolioReport(
        as_of=clock.now() if book.results_as_of is None else calendar.close_instant(book.results_as_of),
        equity=series[-1][1] if series else book.opening_equity,
        lots=lots,
        history=history,
        labels=labels_of_lots([book.pk]) if with_labels else {},
        net_asset_values=series,
        contributors=[one for one in gains if one.pnl > 0][:MOST_CONTRIBUTORS],
        detractors=[one for one in reversed(gains) if one.pnl < 0][:MOST_CONTRIBUTORS],
    )


def _net_asset_values(book: Portfolio, sessions: int) -> list[tuple[dt.date, Decimal]]:
    if book.results_as_of is None:
        return []
    nights = PortfolioSnapshot.objects.filter(
        portfolio=book, snapshot_date__lte=book.results_as_of, is_complete=True
    ).order_by("-snapshot_date")
    return list(nights.values_list("snapshot_date", "net_asset_value")[:sessions])[::-1]


def _contributions(lots: Sequence[ValuedLot]) -> list[Contribution]:
    """The largest gain first."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for lot in lots:
        sums[lot.symbol] += lot.unrealized_pnl + lot.realized_pnl
    return sorted((Contribution(*pair) for pair in sums.items()), key=lambda one: (-one.pnl, one.symbol))
