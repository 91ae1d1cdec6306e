"""The headline figures of a portfolio's newest published session, for pages that show nothing else of it."""

from __future__ import annotations

from typing import Any

from portfolios.models import Portfolio, PortfolioSnapshot

FIGURES = (
    "snapshot_date", "target_price_return_eoy", "target_price_return_next_year", "target_price_coverage_pct",
    "target_price_positions_count", "target_price_total_positions", "target_price_last_updated", "beta_calculated_90d",
    "beta_provider_1y", "daily_pnl", "daily_return",
)  # fmt: skip


def night_figures(book: Portfolio) -> dict[str, Any]:
    """Target returns and coverage in percent, betas, P&L of the day in dollars, its return as a fraction. Unknown is None, counts
    are 0 then; a book without targets has a coverage of 0."""
    found = (
        PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
        .values(*FIGURES, "num_positions")
        .first()
        if book.results_as_of
        else None
    )
    if found is None:
        nothing = dict.fromkeys(FIGURES)
        return nothing | {"target_price_positions_count": 0, "target_price_total_positions": 0}
    held = found.pop("num_positions")
    if found["target_price_positions_count"] is None:
        coverage = 0 if held else None
        found |= {"target_price_positions_count": 0, "target_price_coverage_pct": coverage}
    if found["target_price_total_positions"] is None:
        found["target_price_total_positions"] = held
    return found
